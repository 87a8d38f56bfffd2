#!/usr/bin/env python3
"""A healthy cluster of three nodes with the guide's configuration: start, API, greyctl, metrics."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
import unittest

from harness import (SHARDS, Client, ClusterTest, Settings, guide_text, main, make_directory,
                     on_each, report, run_greyd, shard_of, shard_tags, wait_until)

GUIDE_METRICS = ["grey_raft_leader", "grey_raft_term", "grey_storage_used_bytes",
                 "grey_request_latency_p99", "grey_replication_lag"]


class GuideConfiguration(unittest.TestCase):
    def test_check_passes_as_written_and_touches_nothing(self):
        directory = make_directory("check-")
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "grey.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(guide_text())
        existed = os.path.exists("/var/lib/grey")
        status, output = run_greyd("--config", path, "--check")
        self.assertEqual(status, 0, output)
        self.assertTrue(output.startswith(f"{path}: ok\n"), output)
        self.assertEqual(os.path.exists("/var/lib/grey"), existed)

    def test_greyctl_has_it_checked(self):
        directory = make_directory("check-")
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "grey.yaml")
        for text, status, said in ((guide_text(), 0, f"{path}: ok\n"),
                                   (guide_text() + "nonsense: 1\n", 1, "nonsense: unknown key")):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run([Settings.greyctl(), "config", "check", path],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=20, check=False)
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn(said, done.stdout)


class Start(ClusterTest):
    def test_healthy_in_under_five_seconds(self):
        cluster = self.make_cluster().start()
        began = time.monotonic()
        cluster.wait_healthy(limit_s=20)
        took = time.monotonic() - began
        report(f"healthy {took:.2f} s after the last start")
        self.assertLess(took, 5)
        ids = {node.document("/v1/cluster/status")["cluster_id"] for node in cluster.nodes}
        self.assertEqual(len(ids), 1, ids)

    def test_nodes_that_start_in_turn(self):
        """As the guide has it: one, some time later the others. Alone it serves nothing."""
        cluster = self.make_cluster()
        first, *others = cluster.nodes
        first.start()
        wait_until(lambda: first.state() == "unavailable", 10, lambda: first.state())
        with first.client() as client:
            self.assertEqual(client.request("GET", "/healthz").status, 200)
            self.assertEqual(client.request("GET", "/readyz").status, 503)
            self.assertEqual(client.put("k", "v", "?timeout=500ms").status, 503)
        for node in others:
            node.start()
        began = time.monotonic()
        cluster.wait_healthy()
        took = time.monotonic() - began
        report(f"healthy {took:.2f} s after the last start")
        self.assertLess(took, 5)


class SharedCluster(ClusterTest):
    @classmethod
    def setUpClass(cls):
        cls.share_cluster().start().wait_healthy()

    def setUp(self):
        self.nodes = self.cluster.nodes
        self.clients = [node.client() for node in self.nodes]
        for client in self.clients:
            self.addCleanup(client.close)

    def assert_error(self, answer, status, code):
        self.assertEqual((answer.status, answer.error_code()), (status, code), answer)
        self.assertEqual(answer.json()["error"]["retryable"], status in (408, 429, 503, 507))
        self.assertTrue(answer.json()["error"]["message"])


class Api(SharedCluster):
    def test_written_through_any_read_through_any(self):
        for shard, tag in enumerate(shard_tags()):
            key = f"any/{{{tag}}}"
            self.assertEqual(shard_of(key), shard)
            for number, writer in enumerate(self.clients):
                value = f"{shard} {number}"
                put = writer.put(key, value)
                self.assertEqual(put.status, 200, put)
                self.assertRegex(put.etag, r'^"\d+"$')
                for reader in self.clients:
                    got = reader.get(key)
                    self.assertEqual((got.status, got.body), (200, value.encode()))
                    self.assertEqual(got.etag, put.etag)

    def test_missing_key(self):
        for client in self.clients:
            self.assert_error(client.get("missing/key"), 404, "not_found")
            self.assert_error(client.delete("missing/key"), 404, "not_found")

    def test_delete(self):
        for client in self.clients:
            self.assertEqual(client.put("delete/it", "v").status, 200)
            deleted = client.delete("delete/it")
            self.assertEqual((deleted.status, deleted.body), (204, b""))
            for reader in self.clients:
                self.assertEqual(reader.get("delete/it").status, 404)

    def test_revisions_rise(self):
        previous = 0
        for number in range(20):
            etag = self.clients[number % 3].put("revisions", str(number)).etag
            self.assertGreater(int(etag.strip('"')), previous)
            previous = int(etag.strip('"'))

    def test_conditions(self):
        one, two, three = self.clients
        only_new = {"If-None-Match": "*"}
        first = one.put("condition", "1", headers=only_new)
        self.assertEqual(first.status, 200, first)
        self.assert_error(two.put("condition", "2", headers=only_new), 412, "condition_failed")
        second = three.put("condition", "2", headers={"If-Match": first.etag})
        self.assertEqual(second.status, 200, second)
        self.assert_error(one.put("condition", "3", headers={"If-Match": first.etag}), 412,
                          "condition_failed")
        self.assertEqual(one.get("condition").body, b"2")
        self.assert_error(two.delete("condition", headers={"If-Match": first.etag}), 412,
                          "condition_failed")
        self.assertEqual(two.put("condition", "4", headers={"If-Match": "*"}).status, 200)
        current = three.get("condition").etag
        self.assertEqual(two.delete("condition", headers={"If-Match": current}).status, 204)
        for headers in ({"If-Match": "*"}, {"If-Match": current}):
            self.assert_error(one.put("condition", "5", headers=headers), 412, "condition_failed")
            self.assert_error(one.delete("condition", headers=headers), 412, "condition_failed")
        self.assertEqual(three.get("condition").status, 404)

    def test_bytes_in_keys_and_values(self):
        keys = [b"a/b//c/", b"%00", b"\x00\x01\xff\xfe", "ключ/鍵".encode(), b"a b+c?d#e&f=g%25",
                b".."]
        for key in keys:
            value = key + b"\x00\r\n\r\n\xff"
            target = "/v1/kv/bytes-" + "".join(f"%{byte:02X}" for byte in key)
            self.assertEqual(self.clients[0].request("PUT", target, value).status, 200, key)
            for client in self.clients:
                got = client.request("GET", target)
                self.assertEqual((got.status, got.body), (200, value), key)
        items, _ = self.clients[1].scan_all(prefix="bytes-")
        found = {}
        for item in items:
            key = base64.b64decode(item["key_base64"]) if "key_base64" in item else (
                item["key"].encode())
            value = base64.b64decode(item["value_base64"]) if "value_base64" in item else (
                item["value"].encode())
            found[key] = value
        self.assertEqual(found, {b"bytes-" + key: key + b"\x00\r\n\r\n\xff" for key in keys})
        for answer in (self.clients[0].request("PUT", "/v1/kv/", b"v"),
                       self.clients[0].request("PUT", "/v1/kv/bad%2", b"v"),
                       self.clients[0].request("PUT", "/v1/kv/bad%zz", b"v")):
            self.assert_error(answer, 400, "bad_request")

    def test_empty_and_large_values(self):
        for size in (0, 1, 100_000, 8 << 20):
            value = os.urandom(size)
            self.assertEqual(self.clients[0].put("size", value).status, 200, size)
            for client in self.clients:
                self.assertEqual(client.get("size").body, value, size)
        self.assertEqual(self.clients[0].delete("size").status, 204)

    def test_too_large(self):
        answer = self.clients[0].put("large", b"x" * ((8 << 20) + 1))
        self.assert_error(answer, 413, "too_large")
        self.assertEqual(self.clients[0].get("large").status, 404)
        longest = "k" * (32 << 10)
        self.assertEqual(self.clients[0].put(longest, "v").status, 200)
        self.assertEqual(self.clients[1].get(longest).body, b"v")
        self.assertEqual(self.clients[2].delete(longest).status, 204)
        self.assert_error(self.clients[0].put(longest + "k", "v"), 413, "too_large")
        self.assert_error(self.clients[0].get(longest + "k"), 413, "too_large")

    def test_head(self):
        self.clients[0].put("head", "four")
        for client in self.clients:
            head, get = client.request("HEAD", "/v1/kv/head"), client.get("head")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.etag, get.etag)
            self.assertEqual(head.headers["Content-Length"], "4")
            self.assertEqual(client.request("HEAD", "/v1/kv/head-less").status, 404)
            self.assertEqual(client.get("head").body, b"four")  # the connection is still in step

    def test_stale_reads(self):
        etag = self.clients[0].put("stale", "v").etag
        for client in self.clients:
            wait_until(lambda c=client: c.get("stale", "?consistency=stale").etag == etag, 5,
                       "a stale read sees the write in the end")
            answer = client.get("stale", "?consistency=stale")
            self.assertEqual(answer.body, b"v")
            age = answer.headers.get("Grey-Age-Ms")
            self.assertTrue(age is None or age.isdigit(), age)
            self.assertIsNone(client.get("stale").headers.get("Grey-Age-Ms"))

    def test_range_in_key_order_over_all_shards(self):
        keys = sorted(f"range/{number:04d}" for number in range(300))
        self.assertEqual({shard_of(key) for key in keys}, set(range(SHARDS)))
        for index, key in enumerate(keys):
            self.assertEqual(self.clients[index % 3].put(key, f"v{key}").status, 200)
        for client in self.clients:
            for reverse in ("false", "true"):
                ordered = keys[::-1] if reverse == "true" else keys
                items, pages = client.scan_all(prefix="range/", limit=7, reverse=reverse)
                self.assertEqual([item["key"] for item in items], ordered)
                self.assertEqual([item["value"] for item in items], ["v" + key for key in ordered])
                self.assertEqual(pages, 43)
        client = self.clients[0]
        self.assertEqual(client.get(keys[5]).etag.strip('"'),
                         client.scan(prefix=keys[5]).json()["items"][0]["revision"])

        def listed(**parameters):
            return [item["key"] for item in client.scan_all(**parameters)[0]]

        self.assertEqual(listed(start=keys[10], end=keys[20]), keys[10:20])
        self.assertEqual(listed(start=keys[10], end=keys[20], limit=3), keys[10:20])
        self.assertEqual(listed(start=keys[10], end=keys[20], limit=3, reverse="true"),
                         keys[10:20][::-1])
        self.assertEqual(listed(prefix="range/", start=keys[290], limit=4), keys[290:])
        self.assertEqual(listed(start=keys[20], end=keys[10]), [])
        only_keys = client.scan(prefix="range/000", keys_only="true").json()["items"]
        self.assertEqual([item["key"] for item in only_keys], keys[:10])
        self.assertTrue(all("value" not in item and "value_base64" not in item
                            for item in only_keys))
        page = client.scan(prefix="range/", limit=10).json()
        self.assert_error(client.scan(prefix="range/0", limit=10, cursor=page["next"]), 400,
                          "bad_request")
        self.assert_error(client.scan(prefix="range/", limit=10, cursor="nonsense"), 400,
                          "bad_request")

    def test_batch(self):
        def batch(client, *ops):
            answer = client.request("POST", "/v1/batch", json.dumps({"ops": ops}).encode())
            self.assertEqual(answer.status, 200, answer)
            return answer.json()["results"]

        for number, client in enumerate(self.clients):
            keys = [f"batch/{number}/{index}" for index in range(64)]
            results = batch(client, *({"put": {"key": key, "value": key}} for key in keys))
            self.assertEqual(len(results), 64)
            self.assertTrue(all(result["revision"].isdigit() for result in results), results)
            revisions = [result["revision"] for result in results]
            reader = self.clients[(number + 1) % 3]
            results = batch(reader, *({"get": {"key": key}} for key in keys))
            self.assertEqual([result["value"] for result in results], keys)
            self.assertEqual([result["revision"] for result in results], revisions)
        key, other = "batch/order", base64.b64encode(b"\xff\x00").decode()
        results = batch(self.clients[0], {"put": {"key": key, "value": "1"}},
                        {"get": {"key": key}}, {"put": {"key": key, "value_base64": other}},
                        {"get": {"key": key}}, {"delete": {"key": key}}, {"get": {"key": key}},
                        {"delete": {"key": key}},
                        {"put": {"key": key, "value": "2", "if_match": "1"}})
        self.assertEqual(results[1]["value"], "1")
        self.assertEqual(results[3]["value_base64"], other)
        for result, code in ((results[5], "not_found"), (results[6], "not_found"),
                             (results[7], "condition_failed")):
            self.assertEqual(result["error"]["code"], code)
        self.assertEqual(batch(self.clients[0]), [])
        for body in (b"", b"{", b"[]", b'{"ops":1}', b'{"ops":[{}]}', b'{"ops":[{"put":{}}]}',
                     b'{"ops":[{"jump":{"key":"k"}}]}', b'{"ops":[{"get":{"key":""}}]}'):
            self.assert_error(self.clients[0].request("POST", "/v1/batch", body), 400,
                              "bad_request")

    def test_what_is_wrong_is_said(self):
        client = self.clients[0]
        for method, target in (("GET", "/v1/kv/k?consistancy=stale"), ("PUT", "/v1/kv/k?x=1"),
                               ("GET", "/v1/kv?prefxi=a"), ("GET", "/v1/kv?limit=0"),
                               ("GET", "/v1/kv?limit=10001"), ("GET", "/v1/kv?limit=x"),
                               ("GET", "/v1/kv?reverse=yes"), ("GET", "/v1/kv/k?timeout=31s"),
                               ("GET", "/v1/kv/k?timeout=5"), ("GET", "/v1/kv/k?consistency=none"),
                               ("GET", "/v1/cluster/status?all=1")):
            self.assert_error(client.request(method, target), 400, "bad_request")
        for headers in ({"If-Match": "12"}, {"If-Match": 'W/"12"'}, {"If-None-Match": '"12"'}):
            self.assert_error(client.put("k", "v", headers=headers), 400, "bad_request")
        self.assert_error(client.request("GET", "/v2"), 404, "not_found")
        self.assert_error(client.request("POST", "/v1/kv/k", b""), 405, "method_not_allowed")
        self.assert_error(client.request("DELETE", "/v1/cluster/status"), 405,
                          "method_not_allowed")

    def test_malformed_http(self):
        for text in (b"nonsense\r\n\r\n", b"GET /healthz\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
                     b"PUT /v1/kv/k HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.nodes[0].api_port), 10) as stream:
                stream.sendall(text)
                answer = b""
                while piece := stream.recv(65536):  # to the end: it closes the connection
                    answer += piece
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), (text, answer))

    def test_not_implemented_says_so(self):
        client = self.clients[0]
        session = {"Grey-Client-Id": "00112233445566778899aabbccddeeff", "Grey-Serial": "1"}
        for answer in (client.request("POST", "/v1/txn", b'{"if":[],"then":[],"else":[]}'),
                       client.request("GET", "/v1/watch?prefix=a"),
                       client.request("GET", "/v1/snapshot"),
                       client.put("ttl", "v", "?ttl=30s"),
                       client.request("POST", "/v1/cluster/members", b'{"address":"n:9080"}'),
                       client.request("DELETE", "/v1/cluster/members/node-3"),
                       client.request("POST", "/v1/batch",
                                      b'{"ops":[{"put":{"key":"session","value":"v"}}]}', session)):
            self.assert_error(answer, 501, "not_implemented")
        for key in ("ttl", "session"):
            self.assertEqual(client.get(key).status, 404)

    def test_pipelining_and_http_1_0(self):
        requests = b"".join(
            b"PUT /v1/kv/pipe HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%02d"
            b"GET /v1/kv/pipe HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(50))
        with socket.create_connection(("127.0.0.1", self.nodes[0].api_port), 10) as stream:
            stream.sendall(requests +
                           b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := stream.recv(65536):
                answer += piece
        values = re.findall(rb"octet-stream\r\n(?:[^\r\n]+\r\n)*\r\n(\d\d)HTTP", answer)
        self.assertEqual(values, [b"%02d" % number for number in range(50)])
        with socket.create_connection(("127.0.0.1", self.nodes[1].api_port), 10) as stream:
            stream.sendall(b"GET /v1/kv/pipe HTTP/1.0\r\n\r\n")
            answer = b""
            while piece := stream.recv(65536):
                answer += piece
        self.assertIn(b" 200 ", answer.split(b"\r\n")[0])
        self.assertNotIn(b"chunked", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n49"), answer)

    def test_cluster_documents(self):
        statuses = [node.document("/v1/cluster/status") for node in self.nodes]
        for status in statuses:
            self.assertEqual(status["state"], "healthy")
            self.assertEqual(status["members"], 3)
            self.assertEqual(status["fault_tolerance"], 1)
            self.assertEqual(status["shards"], {"total": SHARDS, "with_leader": SHARDS,
                                                "under_replicated": 0})
            self.assertEqual(status["problems"], [])
            self.assertLess(abs(status["as_of_ms"] / 1000 - time.time()), 10)
            self.assertTrue(status["version"])
        self.assertEqual(len({status["cluster_id"] for status in statuses}), 1)
        leaders = [node.document("/v1/cluster/leader") for node in self.nodes]
        for status, leader in zip(statuses, leaders):
            self.assertEqual((status["leader"], status["term"]), (leader["leader"], leader["term"]))
        self.assertEqual(len({leader["leader"] for leader in leaders}), 1)
        leading = self.cluster.node_named(leaders[0]["leader"])
        self.assertEqual(leaders[0]["api_addr"], f"127.0.0.1:{leading.api_port}")
        for node in self.nodes:
            members = node.document("/v1/cluster/members")["members"]
            self.assertEqual([member["id"] for member in members], [n.id for n in self.nodes])
            self.assertEqual(len({member["number"] for member in members}), 3)
            for member, each in zip(members, self.nodes):
                self.assertEqual(member["raft_addr"], f"127.0.0.1:{each.raft_port}")
                self.assertEqual(member["api_addr"], f"127.0.0.1:{each.api_port}")
                self.assertEqual((member["state"], member["health"]), ("active", "alive"))
                self.assertEqual(member["role"],
                                 "leader" if each is leading else "follower")
                self.assertEqual(member["shards"], SHARDS)
            shards = node.document("/v1/cluster/replication")["shards"]
            self.assertEqual([shard["shard"] for shard in shards], list(range(SHARDS)))
            for shard in shards:
                self.assertIn(shard["leader"], [n.id for n in self.nodes])
                roles = sorted(replica["role"] for replica in shard["replicas"])
                self.assertEqual(roles, ["follower", "follower", "leader"])

    def test_readiness(self):
        for client in self.clients:
            self.assertEqual(client.request("GET", "/healthz").status, 200)
            self.assertEqual(client.request("GET", "/readyz").status, 200)

    def test_leaders_are_spread(self):
        def counts():
            leaders = self.cluster.shard_leaders(self.nodes[0])
            return {node.id: leaders.count(node.id) for node in self.nodes}

        def spread():
            led = counts().values()
            return sum(led) == SHARDS and max(led) - min(led) <= 1

        wait_until(spread, 20, lambda: f"leaders are spread evenly: {counts()}")
        report(f"leaders of shards: {counts()}")


def without_time(document):
    """Counts grow and time passes between two reads of one document."""
    if isinstance(document, dict):
        return {name: without_time(value) for name, value in document.items()
                if name not in ("as_of_ms", "commit_index", "match_index", "lag")}
    if isinstance(document, list):
        return [without_time(each) for each in document]
    return document


class Greyctl(SharedCluster):
    def greyctl(self, *words, node=None, stdin=b""):
        endpoint = f"http://127.0.0.1:{(node or self.nodes[0]).api_port}"
        done = subprocess.run([Settings.greyctl(), *words, "--endpoint", endpoint], input=stdin,
                              capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def ok(self, *words, **named):
        status, output, error = self.greyctl(*words, **named)
        self.assertEqual(status, 0, (words, output, error))
        return output

    def test_cluster_verbs(self):
        for node in self.nodes:
            self.assertRegex(self.ok("cluster", "status", node=node), r"State:\s+healthy")
            members = self.ok("cluster", "members", node=node)
            for each in self.nodes:
                self.assertIn(each.id, members)
            leader = node.document("/v1/cluster/leader")["leader"]
            self.assertIn(leader, self.ok("cluster", "leader", node=node))
            replication = self.ok("cluster", "replication", node=node)
            self.assertGreaterEqual(len(replication.splitlines()), 3 * SHARDS)

    def test_json_is_the_document_of_the_api(self):
        for verb in ("status", "members", "leader", "replication"):
            printed = json.loads(self.ok("cluster", verb, "-o", "json"))
            document = self.nodes[0].document(f"/v1/cluster/{verb}")
            self.assertEqual(without_time(printed), without_time(document))
        self.assertEqual(json.loads(self.ok("plugin", "list", "-o", "json")),
                         self.nodes[0].document("/v1/plugins"))

    def test_kv_verbs(self):
        self.ok("kv", "put", "ctl/a", "one")
        self.ok("kv", "put", "ctl/b", "-", stdin=b"two\x00\xff")
        self.assertEqual(self.ok("kv", "get", "ctl/a", node=self.nodes[1]).strip(), "one")
        self.assertEqual(self.clients[2].get("ctl/b").body, b"two\x00\xff")
        listed = json.loads(self.ok("kv", "scan", "--prefix", "ctl/", "-o", "json"))
        self.assertEqual([item["key"] for item in listed["items"]], ["ctl/a", "ctl/b"])
        keys = self.ok("kv", "scan", "--prefix", "ctl/", "--keys-only", "--reverse")
        self.assertEqual(keys.split(), ["ctl/b", "ctl/a"])
        self.ok("kv", "del", "ctl/a", node=self.nodes[2])
        self.assertEqual(self.greyctl("kv", "get", "ctl/a")[0], 4)
        self.assertEqual(self.greyctl("kv", "del", "ctl/a")[0], 4)
        self.assertEqual(self.greyctl("kv", "put", "ctl/b", "x", "--if-match", "1")[0], 4)

    def test_scan_beyond_one_page(self):
        ops = [{"put": {"key": f"pages/{number:05d}", "value": "v"}} for number in range(2500)]
        answer = self.clients[0].request("POST", "/v1/batch", json.dumps({"ops": ops}).encode())
        self.assertEqual(answer.status, 200)
        self.assertFalse([each for each in answer.json()["results"] if "error" in each][:3])
        listed = self.ok("kv", "scan", "--prefix", "pages/", "--keys-only").split()
        self.assertEqual(listed, [f"pages/{number:05d}" for number in range(2500)])

    def test_plugin_verbs(self):
        names = {plugin["name"] for plugin in self.nodes[0].document("/v1/plugins")["plugins"]}
        self.assertLessEqual({"tcp", "raft", "rocksdb", "swim", "prometheus", "kv", "http"}, names)
        listed = self.ok("plugin", "list")
        for name in names:
            self.assertIn(name, listed)
            self.assertIn(name, self.ok("plugin", "inspect", name))
        for plugin in self.nodes[0].document("/v1/plugins")["plugins"]:
            name, path = plugin["name"], plugin["file"]
            self.assertRegex(listed, rf"(?m)^{name} +{plugin['kind']} .* {re.escape(path)}$")
            # What a node says of a loaded plugin is what its file says, its options included.
            for form in ("table", "json"):
                self.assertEqual(self.ok("plugin", "inspect", name, "-o", form),
                                 self.ok("plugin", "inspect", path, "-o", form))
            for option in plugin["options"]:
                self.assertIn(option["name"], self.ok("plugin", "inspect", name))

    def test_exit_codes(self):
        self.assertEqual(self.greyctl("kv", "frobnicate")[0], 2)
        self.assertEqual(self.greyctl("kv", "put")[0], 2)
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))  # and nobody listens
            endpoint = f"http://127.0.0.1:{held.getsockname()[1]}"
            done = subprocess.run([Settings.greyctl(), "cluster", "status", "--endpoint", endpoint],
                                  capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.greyctl("plugin", "inspect", "nothing")[0], 4)


class Metrics(SharedCluster):
    def scrape(self, node):
        with Client(node.metrics_port) as client:
            answer = client.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def samples(self, node):
        """{name: {labels text: value}}"""
        found = {}
        for line in self.scrape(node).splitlines():
            if match := re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line):
                name, labels, value = match.groups()
                found.setdefault(name, {})[labels or ""] = float(value)
        return found

    def test_the_five_of_the_guide(self):
        for number in range(200):
            self.clients[number % 3].put(f"metrics/{number}", "v" * 1000)
        groups = {'group="control"'} | {f'group="{shard}"' for shard in range(SHARDS)}
        members = self.nodes[0].document("/v1/cluster/members")["members"]
        number_of = {member["id"]: member["number"] for member in members}

        def agree():
            replication = self.nodes[0].document("/v1/cluster/replication")["shards"]
            wanted = {f'group="{shard["shard"]}"': number_of[shard["leader"]]
                      for shard in replication}
            wanted['group="control"'] = number_of[
                self.nodes[0].document("/v1/cluster/leader")["leader"]]
            return all(self.samples(node).get("grey_raft_leader") == wanted for node in self.nodes)

        wait_until(agree, 10, lambda: "grey_raft_leader is on every node what the API says: " + str(
            [self.samples(node).get("grey_raft_leader") for node in self.nodes]), interval_s=0.2)
        all_samples = on_each(self.nodes, self.samples)
        terms = [samples["grey_raft_term"] for samples in all_samples]
        for samples in all_samples:
            for name in GUIDE_METRICS:
                self.assertIn(name, samples)
            self.assertEqual(set(samples["grey_raft_leader"]), groups)
            self.assertEqual(set(samples["grey_raft_term"]), groups)
            self.assertTrue(all(term >= 1 for term in samples["grey_raft_term"].values()))
            self.assertEqual(list(samples["grey_request_latency_p99"]), [""])
            self.assertGreater(samples["grey_request_latency_p99"][""], 0)
            self.assertLess(samples["grey_request_latency_p99"][""], 60)
            self.assertEqual(list(samples["grey_storage_used_bytes"]), [""])
            self.assertGreater(samples["grey_storage_used_bytes"][""], 0)
            self.assertEqual(list(samples["grey_replication_lag"]), [""])
            self.assertTrue(0 <= samples["grey_replication_lag"][""] < 1000)
        self.assertEqual(terms[0], terms[1])
        self.assertEqual(terms[0], terms[2])

    def test_promtool(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("promtool is not installed")
        for node in self.nodes:
            done = subprocess.run([promtool, "check", "metrics"], input=self.scrape(node),
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


if __name__ == "__main__":
    main()
