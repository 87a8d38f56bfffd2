"""Drives the real greyctl against a fake node and checks its output and exit codes.

The program is named by the environment variable GREYCTL.
"""

import http.server
import json
import os
import pty
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

GREYCTL = os.environ["GREYCTL"]
DEADLINE_S = 30

STATUS = {
    "cluster_id": "c-1", "state": "degraded", "leader": "node-1", "term": 7, "version": "0.1.0",
    "members": 3, "fault_tolerance": 0,
    "shards": {"total": 32, "with_leader": 32, "under_replicated": 4},
    "problems": ["node-3 is dead", "4 shards have two replicas"], "as_of_ms": 1704067200000,
}
MEMBERS = {"members": [
    {"id": "node-1", "raft_addr": "n1:9080", "api_addr": "n1:8080", "state": "active",
     "health": "alive", "role": "leader", "version": "0.1.0", "shards": 32, "number": 1},
    {"id": "node-2", "raft_addr": "n2:9080", "api_addr": None, "state": "joining",
     "health": None, "role": "learner", "shards": 0, "number": 2},
]}
REPLICATION = {"shards": [
    {"shard": 0, "leader": "node-1", "term": 3, "commit_index": 90, "replicas": [
        {"node": "node-1", "role": "leader", "match_index": 90, "lag": 0, "state": "replicate"},
        {"node": "node-2", "role": "follower", "match_index": 80, "lag": 10, "state": "probe"}]},
    {"shard": 1, "leader": None, "term": None, "commit_index": None, "replicas": []},
]}
# The fields, all of them, that kernel/daemon/plugins_json_test.cc shows.
PLUGINS = {"plugins": [
    {"name": "raft", "kind": "consensus", "version": "0.1.0", "license": "Apache-2.0",
     "summary": "Raft", "file": "/p/raft.so", "sdk": "0.1", "owns_threads": False, "owns_io": True,
     "provides": ["grey.consensus/1"], "needs": ["grey.storage/1", "grey.peers/1"],
     "options": [{"name": "max_append", "type": "size", "default": "1MiB", "allowed": "up to 8MiB",
                  "documentation": "Largest message"}]},
]}


def error(status, code, message, retryable=False):
    body = {"error": {"code": code, "message": message, "retryable": retryable}}
    return status, {}, json.dumps(body).encode()


class FakeNode:
    """An HTTP server that answers from a table and remembers what it was asked."""

    def __init__(self):
        self.answers = {}  # (method, path without query) -> (status, headers, body) or a function
        self.requests = []  # (method, path with query, headers, body)
        self.connections = 0
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                node.connections += 1
                super().setup()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = (self.command, self.path, dict(self.headers), body)
                node.requests.append(request)
                found = node.answers.get((self.command, self.path.split("?")[0]),
                                         error(404, "not_found", "no such thing"))
                result = found(request) if callable(found) else found
                if result is None:  # take the request and hang up
                    self.close_connection = True
                    return
                status, headers, content = result
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def document(self, path, value):
        self.answers["GET", path] = (200, {"Content-Type": "application/json"},
                                     json.dumps(value).encode())

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def query_of(request):
    return urllib.parse.parse_qs(request[1].partition("?")[2], keep_blank_values=True)


def closed_url():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:%d" % listener.getsockname()[1]


def run(*words, stdin=b"", env=None, greyctl=GREYCTL):
    environment = {k: v for k, v in os.environ.items() if k not in ("GREY_ENDPOINTS", "NO_COLOR")}
    environment.update(env or {})
    return subprocess.run([greyctl, *words], input=stdin, capture_output=True, env=environment,
                          timeout=DEADLINE_S, check=False)


class NodeTest(unittest.TestCase):
    def setUp(self):
        self.node = FakeNode()
        self.addCleanup(self.node.stop)

    def run_ok(self, *words, **options):
        result = run(*words, "--endpoint", self.node.url, **options)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout

    def run_failing(self, code, *words, **options):
        result = run(*words, "--endpoint", self.node.url, **options)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr, rb"\Agreyctl: [^\n]+\n\Z")
        return result.stderr.decode()


class ClusterTest(NodeTest):
    def test_status_is_a_list_with_each_problem_on_its_line(self):
        self.node.document("/v1/cluster/status", STATUS)
        self.assertEqual(self.run_ok("cluster", "status").decode().splitlines(), [
            "State:            degraded",
            "Leader:           node-1",
            "Term:             7",
            "Version:          0.1.0",
            "Members:          3",
            "Fault tolerance:  0",
            "Shards:           32 in all, 32 with a leader, 4 under-replicated",
            "Cluster id:       c-1",
            "As of:            2024-01-01T00:00:00Z",
            "Problem:          node-3 is dead",
            "Problem:          4 shards have two replicas",
        ])

    def test_status_shows_unknown_as_a_dash(self):
        self.node.document("/v1/cluster/status",
                           {"state": "unavailable", "leader": None, "shards": {"total": 32}})
        lines = self.run_ok("cluster", "status").decode().splitlines()
        self.assertIn("Leader:           -", lines)
        self.assertIn("Problems:         -", lines)
        self.assertIn("Shards:           32 in all, - with a leader, - under-replicated", lines)

    def test_json_is_the_document_as_it_came(self):
        text = b'{ "state" :"healthy",\t"unheard_of": 1.50 }\n'
        self.node.answers["GET", "/v1/cluster/status"] = (200, {}, text)
        self.assertEqual(self.run_ok("-o", "json", "cluster", "status"), text)

    def test_members(self):
        self.node.document("/v1/cluster/members", MEMBERS)
        self.assertEqual(self.run_ok("cluster", "members").decode().splitlines(), [
            "ID      NUMBER  STATE    HEALTH  ROLE     SHARDS  VERSION  API      RAFT",
            "node-1  1       active   alive   leader   32      0.1.0    n1:8080  n1:9080",
            "node-2  2       joining  -       learner  0       -        -        n2:9080",
        ])

    def test_leader(self):
        self.node.document("/v1/cluster/leader", {"leader": "node-1", "api_addr": "n1:8080", "term": 7})
        self.assertEqual(self.run_ok("cluster", "leader"),
                         b"Leader:  node-1\nAPI:     n1:8080\nTerm:    7\n")

    def test_replication(self):
        self.node.document("/v1/cluster/replication", REPLICATION)
        self.assertEqual(self.run_ok("cluster", "replication").decode().splitlines(), [
            "SHARD  LEADER  TERM  COMMIT  REPLICA  ROLE      MATCH  LAG  STATE",
            "0      node-1  3     90      node-1   leader    90     0    replicate",
            "0      node-1  3     90      node-2   follower  80     10   probe",
            "1      -       -     -       -        -         -      -    -",
        ])

    def test_a_wrong_document_is_an_error(self):
        for text in (b"", b"<html>", b"[]", b"{}", b'{"members":7}', b"\xff\xfe", b"[" * 100000):
            self.node.answers["GET", "/v1/cluster/members"] = (200, {}, text)
            self.run_failing(1, "cluster", "members")

    def test_control_characters_do_not_reach_the_terminal(self):
        self.node.document("/v1/cluster/leader", {"leader": "\x1b[2Jevil\n", "api_addr": "", "term": 1})
        self.assertIn(b"Leader:  \\x1B[2Jevil\\n\n", self.run_ok("cluster", "leader"))

    def test_membership_changes_call_the_api(self):
        refusal = error(501, "not_implemented", "membership cannot be changed yet")
        calls = [
            (("add-member", "node-4:9080"), "POST", "/v1/cluster/members", b'{"address":"node-4:9080"}'),
            (("remove-member", "a/b"), "DELETE", "/v1/cluster/members/a%2Fb", b""),
            (("remove-member", "--force", "n4"), "DELETE", "/v1/cluster/members/n4?force=true", b""),
        ]
        for words, method, target, body in calls:
            self.node.answers[method, target.split("?")[0]] = refusal
            message = self.run_failing(1, "cluster", *words)
            self.assertIn("membership cannot be changed yet (501 not_implemented)", message)
            self.assertNotIn("try again", message)
            request = self.node.requests[-1]
            self.assertEqual((request[0], request[1], request[3]), (method, target, body))


    def test_transfer_leader_sends_what_was_asked_for(self):
        self.node.answers["POST", "/v1/cluster/transfer"] = (
            200, {}, b'{"done":true,"leader":"node-2","term":8,"moved":[]}')
        for words, body in (
                ((), {}),
                (("node-2",), {"to": "node-2"}),
                (("node-2", "--from", "node-1", "--shard", "7"),
                 {"to": "node-2", "from": "node-1", "shard": 7}),
                (("--from", "node-1", "--shard", "all"), {"from": "node-1", "shard": "all"}),
                (("--shard", "control"), {"shard": "control"})):
            self.run_ok("cluster", "transfer-leader", *words, "--timeout", "10s")
            request = self.node.requests[-1]
            self.assertEqual((request[0], request[1]),
                             ("POST", "/v1/cluster/transfer?timeout=8000ms"))
            self.assertEqual(json.loads(request[3]), body)
        for words in (("--shard", "x"), ("--shard", "-1"), ("--shard", "all"), ("--shard", "1x")):
            self.run_failing(2, "cluster", "transfer-leader", *words)

    def test_transfer_leader_shows_what_moved(self):
        text = (b'{"done":true,"leader":"node-2","term":8,"moved":['
                b'{"shard":"control","from":"node-1","to":"node-2","term":8},'
                b'{"shard":3,"from":"node-1","to":"node-3","term":5}]}')
        self.node.answers["POST", "/v1/cluster/transfer"] = (200, {}, text)
        self.assertEqual(self.run_ok("cluster", "transfer-leader").decode().splitlines(), [
            "Leader:  node-2",
            "Term:    8",
            "Moved:   control group from node-1 to node-2",
            "Moved:   shard 3 from node-1 to node-3",
        ])
        self.assertEqual(self.run_ok("-o", "json", "cluster", "transfer-leader"), text + b"\n")
        self.node.answers["POST", "/v1/cluster/transfer"] = (
            200, {}, b'{"done":true,"leader":"node-2","term":8,"moved":[]}')
        self.assertIn(b"Moved:   nothing: it was so already\n",
                      self.run_ok("cluster", "transfer-leader"))
        self.node.answers["POST", "/v1/cluster/transfer"] = error(
            504, "unknown_outcome", "the transfer has begun")
        self.assertIn("the transfer has begun (504 unknown_outcome)",
                      self.run_failing(1, "cluster", "transfer-leader"))


class KvTest(NodeTest):
    def test_get_prints_the_bytes_unchanged(self):
        value = bytes(range(256)) * 3
        self.node.answers["GET", "/v1/kv/k"] = (200, {"ETag": '"5"'}, value)
        self.assertEqual(self.run_ok("kv", "get", "k"), value)
        item = json.loads(self.run_ok("kv", "get", "k", "-o", "json"))
        self.assertEqual((item["key"], item["revision"]), ("k", "5"))
        self.assertIn("value_base64", item)

    def test_keys_are_percent_encoded(self):
        self.node.answers["GET", "/v1/kv/a%2F..%2Fb%20%3F%25"] = (200, {}, b"v")
        self.assertEqual(self.run_ok("kv", "get", "a/../b ?%"), b"v")

    def test_get_passes_consistency_and_time_limit(self):
        self.node.answers["GET", "/v1/kv/k"] = (200, {}, b"v")
        self.run_ok("kv", "get", "k", "--consistency", "stale", "--timeout", "10s")
        self.assertEqual(query_of(self.node.requests[-1]),
                         {"consistency": ["stale"], "timeout": ["8000ms"]})

    def test_missing_key_is_4(self):
        self.node.answers["GET", "/v1/kv/k"] = error(404, "not_found", "there is no key k")
        self.assertEqual(self.run_failing(4, "kv", "get", "k"),
                         "greyctl: there is no key k (404 not_found)\n")
        self.run_failing(4, "kv", "del", "k")

    def test_only_what_the_command_names_can_be_missing(self):
        """4 says that there is no such key. A path that the node does not know is another matter."""
        for words in (("cluster", "status"), ("kv", "scan"), ("plugin", "list"),
                      ("cluster", "add-member", "node-4:9080"), ("cluster", "transfer-leader")):
            self.assertIn("no such thing", self.run_failing(1, *words))
        self.run_failing(4, "cluster", "remove-member", "node-4")
        # A server that is no Grey node has no key either, but cannot know that.
        self.node.answers["GET", "/v1/kv/k"] = (404, {}, b"<html>Not Found</html>")
        self.assertIn("is it a Grey API?", self.run_failing(1, "kv", "get", "k"))

    def test_put_takes_its_value_from_everywhere(self):
        self.node.answers["PUT", "/v1/kv/k"] = (200, {"ETag": '"9"'}, b"")
        value = bytes(range(256))
        with tempfile.NamedTemporaryFile() as file:
            file.write(value)
            file.flush()
            for words, stdin, expected in ((["text"], b"", b"text"), (["-"], value, value),
                                           ([""], b"", b""), (["--", "-5"], b"", b"-5"),
                                           (["--file", file.name], b"", value),
                                           (["--file", "-"], value, value)):
                self.assertEqual(run("--endpoint", self.node.url, "kv", "put", "k", *words,
                                     stdin=stdin).stdout, b"9\n")
                self.assertEqual(self.node.requests[-1][3], expected)
        for missing in ("/nonexistent/file", "/"):
            self.run_failing(1, "kv", "put", "k", "--file", missing)

    def test_conditions_become_headers(self):
        self.node.answers["PUT", "/v1/kv/k"] = (200, {"ETag": '"9"'}, b"")
        self.node.answers["DELETE", "/v1/kv/k"] = (204, {}, b"")
        for words, name, value in ((["--if-match", "7"], "If-Match", '"7"'),
                                   (["--if-match", '"7"'], "If-Match", '"7"'),
                                   (["--if-match", "*"], "If-Match", "*"),
                                   (["--if-none-match", "*"], "If-None-Match", "*"),
                                   (["--if-none-match"], "If-None-Match", "*")):
            self.run_ok("kv", "put", "k", "v", *words)
            self.assertEqual(self.node.requests[-1][2].get(name), value)
        self.assertEqual(self.run_ok("kv", "del", "k", "--if-match", "7"), b"")
        self.assertEqual(self.node.requests[-1][2].get("If-Match"), '"7"')
        self.run_ok("kv", "put", "k", "v", "--ttl", "30s")
        self.assertEqual(query_of(self.node.requests[-1])["ttl"], ["30s"])

    def test_failed_condition_is_4(self):
        self.node.answers["PUT", "/v1/kv/k"] = error(412, "condition_failed", "the revision is 8")
        self.assertIn("the revision is 8", self.run_failing(4, "kv", "put", "k", "v", "--if-match", "7"))

    def test_refusal_with_a_retry_hint(self):
        self.node.answers["PUT", "/v1/kv/k"] = error(503, "read_only", "no quorum for writes", True)
        self.assertEqual(self.run_failing(1, "kv", "put", "k", "v"),
                         "greyctl: no quorum for writes (503 read_only); nothing was changed, "
                         "try again later\n")

    def test_unknown_outcome_is_1_and_never_retried(self):
        other = FakeNode()
        self.addCleanup(other.stop)
        self.node.answers["PUT", "/v1/kv/k"] = lambda _: None
        message = self.run_failing(1, "--endpoint", self.node.url, "--endpoint", other.url,
                                   "kv", "put", "k", "v")
        self.assertIn("it is unknown whether the change was made", message)
        self.assertEqual((len(self.node.requests), len(other.requests)), (1, 0))
        self.node.answers["PUT", "/v1/kv/k"] = error(504, "unknown_outcome", "no answer in time")
        self.assertNotIn("try again", self.run_failing(1, "kv", "put", "k", "v"))


class ScanTest(NodeTest):
    def setUp(self):
        super().setUp()
        self.keys = ["k%04d" % i for i in range(2500)]

        def page(request):
            query = query_of(request)
            start = int(query.get("cursor", ["0"])[0])
            end = start + int(query["limit"][0])
            document = {"items": [{"key": k, "value": "v" + k, "revision": "1"}
                                  for k in self.keys[start:end]]}
            if end < len(self.keys):
                document["next"] = str(end)
            return 200, {}, json.dumps(document).encode()

        self.node.answers["GET", "/v1/kv"] = page

    def test_follows_cursors_over_one_connection(self):
        lines = self.run_ok("kv", "scan", "--keys-only").decode().splitlines()
        self.assertEqual(lines, self.keys)
        self.assertEqual((len(self.node.requests), self.node.connections), (3, 1))
        without_cursor = [{k: v for k, v in query_of(r).items() if k != "cursor"}
                          for r in self.node.requests]
        self.assertEqual(without_cursor, [without_cursor[0]] * 3)

    def test_limit_cuts_within_a_page(self):
        for limit in (1, 999, 1000, 1001, 2500, 9999):
            out = self.run_ok("kv", "scan", "--keys-only", "--limit", str(limit)).decode()
            self.assertEqual(out.splitlines(), self.keys[:limit])
            document = json.loads(self.run_ok("kv", "scan", "--limit", str(limit), "-o", "json"))
            self.assertEqual([item["key"] for item in document["items"]], self.keys[:limit])

    def test_passes_its_filters(self):
        self.run_ok("kv", "scan", "--prefix", "a/+ b", "--start", "s", "--end", "e", "--reverse",
                    "--limit", "5")
        query = query_of(self.node.requests[-1])
        del query["timeout"]
        self.assertEqual(query, {"prefix": ["a/+ b"], "start": ["s"], "end": ["e"],
                                 "reverse": ["true"], "limit": ["5"]})

    def test_shows_bytes_safely(self):
        self.node.document("/v1/kv", {"items": [
            {"key_base64": "AP8=", "value": "a\nb", "revision": "1"},
            {"key": "k", "value_base64": "gA==", "revision": "22", "ttl": "30s"}]})
        self.assertEqual(self.run_ok("kv", "scan").decode().splitlines(), [
            "KEY       REVISION  TTL  VALUE",
            "\\x00\\xFF  1         -    a\\nb",
            "k         22        30s  \\x80",
        ])

    def test_a_cursor_that_repeats_is_an_error(self):
        self.node.document("/v1/kv", {"items": [], "next": "same"})
        result = run("kv", "scan", "--endpoint", self.node.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"same cursor twice", result.stderr)


class ReachabilityTest(NodeTest):
    def test_unreachable_is_3(self):
        url = closed_url()
        result = run("cluster", "status", "--endpoint", url)
        self.assertEqual(result.returncode, 3)
        self.assertIn(url.encode() + b": Connection refused", result.stderr)
        self.assertEqual(run("kv", "put", "k", "v", "--endpoint", url).returncode, 3)

    def test_tries_endpoints_in_turn(self):
        self.node.document("/v1/cluster/leader", {"leader": "n", "api_addr": "a", "term": 1})
        self.run_ok("cluster", "leader", "--endpoint", closed_url())
        result = run("cluster", "leader", env={"GREY_ENDPOINTS": closed_url() + "," + self.node.url})
        self.assertEqual(result.returncode, 0)

    def test_asks_the_next_node_after_503(self):
        other = FakeNode()
        self.addCleanup(other.stop)
        self.node.answers["PUT", "/v1/kv/k"] = error(503, "read_only", "no quorum", True)
        other.answers["PUT", "/v1/kv/k"] = (200, {"ETag": '"2"'}, b"")
        result = run("kv", "put", "k", "v", "--endpoint", self.node.url, "--endpoint", other.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"2\n"))
        self.assertEqual(len(self.node.requests), 1)

    def test_silence_ends_at_the_time_limit(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = "http://127.0.0.1:%d" % silent.getsockname()[1]
            result = run("cluster", "status", "--timeout", "200ms", "--endpoint", url)
            self.assertEqual(result.returncode, 3)
            self.assertIn(b"no answer within the time limit", result.stderr)
            result = run("kv", "put", "k", "v", "--timeout", "200ms", "--endpoint", url)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"it is unknown whether", result.stderr)

    def test_an_answer_that_is_not_http(self):
        for answer in (b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut", b""):
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                listener.listen()

                def serve(answer=answer, listener=listener):
                    connection, _ = listener.accept()
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

                thread = threading.Thread(target=serve, daemon=True)
                thread.start()
                url = "http://127.0.0.1:%d" % listener.getsockname()[1]
                self.assertEqual(run("cluster", "status", "--endpoint", url).returncode, 3)
                thread.join(DEADLINE_S)

    def test_early_refusal_of_a_large_body_is_heard(self):
        self.node.answers["PUT", "/v1/kv/k"] = error(413, "too_large", "at most 8 MiB")
        message = self.run_failing(1, "kv", "put", "k", "-", stdin=b"x" * (9 << 20))
        self.assertIn("at most 8 MiB (413 too_large)", message)

    def test_an_error_without_the_apis_form(self):
        self.node.answers["GET", "/v1/cluster/status"] = (502, {}, b"<html>bad gateway</html>")
        self.assertIn("answered 502", self.run_failing(1, "cluster", "status"))


class PluginAndConfigTest(NodeTest):
    def test_list_and_inspect_by_name(self):
        self.node.document("/v1/plugins", PLUGINS)
        self.assertEqual(self.run_ok("plugin", "list").decode().splitlines(), [
            "NAME  KIND       VERSION  SDK  LICENSE     FILE",
            "raft  consensus  0.1.0    0.1  Apache-2.0  /p/raft.so",
        ])
        self.assertEqual(self.run_ok("plugin", "inspect", "raft").decode().splitlines(), [
            "Name:         raft",
            "Kind:         consensus",
            "Version:      0.1.0",
            "Summary:      Raft",
            "SDK:          0.1",
            "License:      Apache-2.0",
            "Provides:     grey.consensus/1",
            "Needs:        grey.storage/1,grey.peers/1",
            "Own threads:  no",
            "Own I/O:      yes",
            "File:         /p/raft.so",
            "",
            "OPTION      TYPE  DEFAULT  ALLOWED     MEANING",
            "max_append  size  1MiB     up to 8MiB  Largest message",
        ])
        self.assertEqual(json.loads(self.run_ok("plugin", "inspect", "raft", "-o", "json")),
                         PLUGINS["plugins"][0])
        self.run_failing(4, "plugin", "inspect", "rafd")

    def test_inspect_of_files_that_are_no_plugins(self):
        self.run_failing(4, "plugin", "inspect", "/nonexistent.so")
        self.assertIn("not an ELF file", self.run_failing(1, "plugin", "inspect", __file__))
        self.run_failing(1, "plugin", "inspect", "/")
        self.run_failing(1, "plugin", "inspect", GREYCTL)
        self.assertEqual(self.node.requests, [])

    def test_config_check_passes_output_and_maps_the_code(self):
        """A greyctl without the real greyd beside it: with a stand-in there, in PATH, or nowhere."""
        with tempfile.TemporaryDirectory() as beside, tempfile.TemporaryDirectory() as in_path:
            greyctl = shutil.copy2(GREYCTL, beside)
            for folder in (in_path, beside):
                path = os.path.join(folder, "greyd")
                for code, expected in ((0, 0), (78, 1), (1, 1)):
                    with open(path, "w", encoding="ascii") as script:
                        script.write('#!/bin/sh\necho "$0 $*"\necho fault >&2\nexit %d\n' % code)
                    os.chmod(path, stat.S_IRWXU)
                    result = run("config", "check", "my file.yaml", greyctl=greyctl,
                                 env={"PATH": in_path + ":" + os.environ["PATH"]})
                    self.assertEqual(
                        (result.returncode, result.stdout.decode(), result.stderr),
                        (expected, path + " --config my file.yaml --check\n", b"fault\n"))
            os.remove(path)
            result = run("config", "check", greyctl=greyctl, env={"PATH": "/nonexistent"})
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"neither beside greyctl nor in PATH", result.stderr)


class TerminalTest(NodeTest):
    def on_a_terminal(self, env):
        main, side = pty.openpty()
        try:
            environment = {**os.environ, **env}
            subprocess.run([GREYCTL, "cluster", "status", "--endpoint", self.node.url], stdout=side,
                           env=environment, timeout=DEADLINE_S, check=True)
            return os.read(main, 65536)
        finally:
            os.close(main)
            os.close(side)

    def test_colour_only_on_a_terminal_and_not_with_no_color(self):
        self.node.document("/v1/cluster/status", STATUS)
        self.assertIn(b"\x1b[33mdegraded\x1b[0m", self.on_a_terminal({"NO_COLOR": ""}))
        self.assertNotIn(b"\x1b", self.on_a_terminal({"NO_COLOR": "1"}))
        self.assertNotIn(b"\x1b", self.run_ok("cluster", "status"))

    def test_a_full_device_is_a_failure(self):
        self.node.document("/v1/cluster/status", STATUS)
        with open("/dev/full", "wb") as full:
            result = subprocess.run([GREYCTL, "cluster", "status", "--endpoint", self.node.url],
                                    stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"could not be written", result.stderr)


if __name__ == "__main__":
    unittest.main()
