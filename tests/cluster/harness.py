"""Clusters of real greyd processes on loopback, for the tests beside this file.

Standard library only. Everything is bounded in time: a wait is a poll with a limit, a request has a
timeout, and a watchdog ends a test program that hangs. Only processes started here are ever
signalled; they die with this program (parent-death signal), however it ends.

Every test program takes  --build-dir DIR  (default: the environment variable GREY_BUILD, else
build/release of the source tree),  --rounds N  for the loops of faults, and then what unittest
takes.
"""
import argparse
import atexit
import contextlib
import faulthandler
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

SOURCE_DIR = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
GUIDE_YAML = os.path.join(SOURCE_DIR, "kernel/config/testdata/guide_node1.yaml")
SHARDS = 32  # of the guide's configuration
WATCHDOG_S = 600  # of a whole test program
EX_CONFIG = 78


class Settings:
    """What the command line said."""

    build_dir = os.environ.get("GREY_BUILD") or os.path.join(SOURCE_DIR, "build/release")
    rounds = 3
    keep = False

    @classmethod
    def greyd(cls):
        return os.path.join(cls.build_dir, "bin/greyd")

    @classmethod
    def greyctl(cls):
        return os.path.join(cls.build_dir, "bin/greyctl")

    @classmethod
    def judge(cls):
        return os.path.join(cls.build_dir, "bin/grey_judge")


class NotInTime(AssertionError):
    """A wait came to its limit."""


def wait_until(condition, limit_s, what, interval_s=0.02):
    """Polls until condition() is true and returns what it returned. `what` may be a function,
    called at the limit: it tells what was seen last."""
    deadline = time.monotonic() + limit_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise NotInTime(f"not within {limit_s} s: {what() if callable(what) else what}")
        time.sleep(interval_s)


def report(text):
    """A measured figure, for whoever reads the log of the test."""
    print(f"    {text}", flush=True)


# Ports


class Ports:
    """Ports of loopback that are free for TCP and UDP, and none twice in this program.

    From below the range of the kernel's own choices, so that no outgoing connection takes one of
    them between here and the start of the process that listens on it."""

    LOWEST, HIGHEST = 20000, 32000
    _given = set()
    _random = random.Random()

    @classmethod
    def take(cls):
        for _ in range(1000):
            port = cls._random.randrange(cls.LOWEST, cls.HIGHEST)
            if port not in cls._given and cls._is_free(port):
                cls._given.add(port)
                return port
        raise RuntimeError("no free port on loopback")

    @staticmethod
    def _is_free(port):
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    if kind == socket.SOCK_STREAM:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# Keys and shards, as the contract has them


def crc16(data):
    """CRC-16/XMODEM, that of Redis Cluster."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def shard_of(key, shards=SHARDS):
    data = key if isinstance(key, bytes) else key.encode()
    begin = data.find(b"{")
    end = data.find(b"}", begin + 1)
    if begin >= 0 and end > begin + 1:
        data = data[begin + 1:end]
    return crc16(data) % 16384 * shards // 16384


def shard_tags(shards=SHARDS):
    """For each shard a short text whose hash tag leads to it."""
    tags = {}
    number = 0
    while len(tags) < shards:
        tags.setdefault(shard_of(f"t{number}", shards), f"t{number}")
        number += 1
    return [tags[shard] for shard in range(shards)]


# HTTP


class Unanswered(Exception):
    """The connection failed before the answer was there: the outcome is unknown, unless the
    connection was refused."""

    def __init__(self, error, refused):
        super().__init__(f"{type(error).__name__}: {error}")
        self.refused = refused


class Answer:
    """Status, header fields and body of one response."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def etag(self):
        return self.headers.get("ETag")

    def json(self):
        return json.loads(self.body)

    def error_code(self):
        """The code of an error answer, else None."""
        try:
            return self.json()["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None

    def __repr__(self):
        return f"<{self.status} {self.body[:200]!r}>"


def quote(key):
    return urllib.parse.quote(key, safe="-._~/")


class Client:
    """One keep-alive connection to one node; not for several threads at once. Like every HTTP
    client it opens a new one when the node has closed the old one between two requests."""

    def __init__(self, port, timeout_s=10, host="127.0.0.1"):
        self.port = port
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def request(self, method, target, body=None, headers=None):
        connection = self._connection
        try:
            if connection.sock and select.select([connection.sock], [], [], 0)[0]:
                connection.close()
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unanswered(error, isinstance(error, ConnectionRefusedError)) from error

    def get(self, key, query=""):
        return self.request("GET", f"/v1/kv/{quote(key)}{query}")

    def put(self, key, value, query="", headers=None):
        data = value if isinstance(value, bytes) else value.encode()
        return self.request("PUT", f"/v1/kv/{quote(key)}{query}", data, headers)

    def delete(self, key, query="", headers=None):
        return self.request("DELETE", f"/v1/kv/{quote(key)}{query}", None, headers)

    def scan(self, **parameters):
        return self.request("GET", "/v1/kv?" + urllib.parse.urlencode(
            parameters, quote_via=urllib.parse.quote))

    def scan_all(self, **parameters):
        """All items of all pages, and the number of pages."""
        items, pages = [], 0
        while True:
            answer = self.scan(**parameters)
            if answer.status != 200:
                raise AssertionError(f"scan {parameters}: {answer}")
            document = answer.json()
            items += document["items"]
            pages += 1
            if "next" not in document:
                return items, pages
            parameters["cursor"] = document["next"]

    def document(self, path):
        answer = self.request("GET", path)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer}")
        return answer.json()

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# Processes

_live_processes = set()


def _kill_all():
    for process in list(_live_processes):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(Exception):
            process.wait(10)


def start_process(command, log, env=None):
    """A process that dies with this thread at the latest: start it in one that lasts."""
    guard = shutil.which("setpriv")
    if guard:
        command = [guard, "--pdeathsig", "KILL", *command]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                               stderr=subprocess.STDOUT, env=env)
    _live_processes.add(process)
    return process


def run_greyd(*arguments, greyd=None, env=None, limit_s=20):
    """Runs greyd to its end: (exit status, output)."""
    done = subprocess.run([greyd or Settings.greyd(), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env,
                          timeout=limit_s, check=False)
    return done.returncode, done.stdout


def guide_text():
    with open(GUIDE_YAML, encoding="utf-8") as file:
        return file.read()


class Loopback:
    """Where the nodes of a cluster stand: all on this machine's loopback. Another such class,
    tests/faults/namespaces.py, gives each a network of its own."""

    def host(self, index):
        return "127.0.0.1"

    def ports(self, index):
        """For API, nodes, gossip and metrics."""
        return [Ports.take() for _ in range(4)]

    def command(self, index, command):
        """`command`, so that it runs where node `index` stands."""
        return command


class Endpoint:
    """The API of one node, for clients."""

    def __init__(self, node_id, host, api_port):
        self.id = node_id
        self.host = host
        self.api_port = api_port

    def client(self, timeout_s=10):
        return Client(self.api_port, timeout_s, self.host)


class Node(Endpoint):
    """One greyd: its ports, its data directory, its log, and its process while it runs."""

    def __init__(self, cluster, index):
        self.cluster = cluster
        self.index = index
        api_port, self.raft_port, self.gossip_port, self.metrics_port = (
            cluster.network.ports(index))
        super().__init__(f"node-{index + 1}", cluster.network.host(index), api_port)
        self.data_dir = os.path.join(cluster.directory, self.id)
        self.config_file = os.path.join(cluster.directory, f"{self.id}.yaml")
        self.log_file = os.path.join(cluster.directory, f"{self.id}.log")
        self.process = None
        self._log_begin = 0  # of this life

    def write_config(self):
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(self.cluster.config_of(self))

    def start(self):
        assert not self.running()
        with open(self.log_file, "ab") as log:
            self._log_begin = log.tell()
            self.process = start_process(self.cluster.network.command(
                self.index, [self.cluster.greyd, "--config", self.config_file]), log)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def _ended(self):
        _live_processes.discard(self.process)
        status = self.process.returncode
        self.process = None
        return status

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(10)
        return self._ended()

    def stop(self, limit_s=20):
        """SIGTERM, and the exit status."""
        self.process.terminate()
        self.process.wait(limit_s)
        return self._ended()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def document(self, path, timeout_s=10):
        with self.client(timeout_s) as client:
            return client.document(path)

    def state(self):
        """The state of /v1/cluster/status, or why there is none."""
        try:
            return self.document("/v1/cluster/status")["state"]
        except Unanswered:
            return "no answer"
        except AssertionError as error:
            return str(error)

    def has_started(self):
        """Its log says that it is up, in this life: from then on it ends in order on SIGTERM."""
        with open(self.log_file, "rb") as file:
            file.seek(self._log_begin)
            return b"[greyd] started" in file.read()

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()


class Cluster:
    """`count` nodes with the guide's configuration; `replace` changes its text further:
    {regular expression: text}, each of which must match; `more` is appended."""

    def __init__(self, count=3, replace=None, more="", greyd=None, network=None):
        self.greyd = greyd or Settings.greyd()
        self.network = network or Loopback()
        self.directory = make_directory("cluster-")
        self.replace = replace or {}
        self.more = more
        self.nodes = [Node(self, index) for index in range(count)]
        for node in self.nodes:
            node.write_config()

    def config_of(self, node):
        text = guide_text()
        own = {
            r"id: node-1": f"id: {node.id}",
            r"data_dir: \S+": f"data_dir: {node.data_dir}",
            r"api_addr: \S+": f"api_addr: {node.host}:{node.api_port}",
            r"raft_addr: \S+": f"raft_addr: {node.host}:{node.raft_port}",
            r"gossip_addr: \S+": f"gossip_addr: {node.host}:{node.gossip_port}\n"
                                 f"  metrics_addr: {node.host}:{node.metrics_port}",
            r"(    - node-\d\S*\n)+": "".join(
                f"    - {each.host}:{each.raft_port}\n" for each in self.nodes),
            r"bootstrap_expect: 3": f"bootstrap_expect: {len(self.nodes)}",
        }
        for pattern, replacement in {**own, **self.replace}.items():
            text, count = re.subn(pattern, lambda _: replacement, text)
            if count != 1:
                raise AssertionError(f"{pattern!r} is {count} times in the guide's configuration")
        return text + self.more

    def start(self):
        for node in self.nodes:
            node.start()
        return self

    def wait_healthy(self, limit_s=20, nodes=None):
        """Until every node calls the cluster healthy; how long that took."""
        begin = time.monotonic()
        seen = {}

        def all_healthy():
            for node in nodes or self.nodes:
                if not node.running():
                    raise AssertionError(f"{node.id} has ended: {tail(node.log_file)}")
                seen[node.id] = node.state()
                if seen[node.id] != "healthy":
                    return False
            return True

        wait_until(all_healthy, limit_s, lambda: f"every node healthy; seen: {seen}")
        return time.monotonic() - begin

    def wait_caught_up(self, limit_s=20):
        """Until every replica of every shard is level with its leader."""

        def level():
            shards = self.nodes[0].document("/v1/cluster/replication")["shards"]
            return len(shards) > 0 and all(
                shard["leader"] and shard["replicas"] and
                all(replica["lag"] == 0 for replica in shard["replicas"]) for shard in shards)

        begin = time.monotonic()
        wait_until(level, limit_s, "replication lag 0 everywhere")
        return time.monotonic() - begin

    def node_named(self, node_id):
        return next(node for node in self.nodes if node.id == node_id)

    def running(self):
        return [node for node in self.nodes if node.running()]

    def shard_leaders(self, node):
        """The leaders of all shards as `node` sees them, None where unknown."""
        shards = node.document("/v1/cluster/replication")["shards"]
        return [shard["leader"] for shard in shards]

    def close(self, keep=False):
        for node in self.nodes:
            if node.running():
                node.resume()
                node.kill()
        if keep:
            print(f"\nkept: {self.directory}", flush=True)
            for node in self.nodes:
                print(f"--- the end of {node.log_file}\n{tail(node.log_file)}", flush=True)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def make_directory(prefix):
    """A new directory on the disk of the build tree: /tmp may be memory, which syncs too well."""
    parent = os.path.join(Settings.build_dir, "cluster-tests")
    os.makedirs(parent, exist_ok=True)
    return tempfile.mkdtemp(prefix=prefix, dir=parent)


def tail(path, lines=25):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError as error:
        return str(error)


def on_each(nodes, function):
    """Runs function(node) for all nodes at once; the results in their order."""
    results = [None] * len(nodes)
    errors = []

    def run(index):
        try:
            results[index] = function(nodes[index])
        except BaseException as error:  # noqa: handed to the caller
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(nodes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


# Tests


class ClusterTest(unittest.TestCase):
    """A test whose cluster is thrown away when it passes and kept, with its logs, when it fails."""

    failed = False

    def run(self, result=None):
        self._result, self._before = result, len(result.failures) + len(result.errors)
        super().run(result)
        if self._has_failed():
            type(self).failed = True
        return result

    def make_cluster(self, *arguments, **named):
        """A cluster of this test alone."""
        cluster = Cluster(*arguments, **named)
        self.addCleanup(lambda: cluster.close(keep=self._has_failed() or Settings.keep))
        return cluster

    def _has_failed(self):
        # Also in the middle of the clean-up, where unittest's own `success` is not to be had.
        return len(self._result.failures) + len(self._result.errors) > self._before

    @classmethod
    def share_cluster(cls, *arguments, **named):
        """A cluster of all tests of the class, from setUpClass."""
        cls.cluster = Cluster(*arguments, **named)
        cls.addClassCleanup(lambda: cls.cluster.close(keep=cls.failed or Settings.keep))
        return cls.cluster


def add_arguments(parser):
    """What every program on this harness takes."""
    parser.add_argument("--build-dir", default=Settings.build_dir)
    parser.add_argument("--keep", action="store_true", help="keep every cluster's directory")


def set_up(known, watchdog_s):
    """For a program's start: settings from its arguments, and no process that outlives it."""
    Settings.build_dir = os.path.realpath(known.build_dir)
    Settings.keep = known.keep
    if not os.access(Settings.greyd(), os.X_OK):
        sys.exit(f"{Settings.greyd()} is not there: build it, or give --build-dir")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    atexit.register(_kill_all)
    faulthandler.dump_traceback_later(watchdog_s, exit=True)


def main():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=Settings.rounds)
    known, rest = parser.parse_known_args()
    Settings.rounds = known.rounds
    set_up(known, WATCHDOG_S * max(1, known.rounds // 3))
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2)
