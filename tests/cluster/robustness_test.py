#!/usr/bin/env python3
"""Bytes that no client or node would send, ports in use, configurations that must be refused."""
import contextlib
import os
import random
import re
import shutil
import socket
import struct
import time

from harness import (EX_CONFIG, Client, ClusterTest, Node, Unanswered, guide_text, main,
                     make_directory, report, run_greyd, wait_until)

SEED = int(os.environ.get("GREY_SEED", "1"))
SENDS = 150


def send_and_forget(port, data, wait_s=0.0, kind=socket.SOCK_STREAM):
    """Sends and closes; a refusal or reset is an answer too. Returns what came back, if
    waited for."""
    with contextlib.suppress(OSError):
        with socket.socket(socket.AF_INET, kind) as stream:
            stream.settimeout(5)
            stream.connect(("127.0.0.1", port))
            stream.sendall(data)
            if wait_s:
                stream.settimeout(wait_s)
                return stream.recv(65536)
    return b""


# Frames between nodes, as docs/formats/peer-frames.md has them.
FRAME_HEADER = 20
CRC_32C = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_32C.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sealed(frame):
    """One frame with its length and checksum made right."""
    length = struct.pack("<I", len(frame) - FRAME_HEADER)
    return length + struct.pack("<I", crc32c(length + frame[8:])) + bytes(frame[8:])


def answer_to(port, data):
    """All that comes back until the node closes, which it may do before it has read everything."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        with contextlib.suppress(ConnectionError):
            stream.sendall(data)
        with contextlib.suppress(ConnectionError):
            while piece := stream.recv(65536):
                answer += piece
    return answer


class Garbage(ClusterTest):
    @classmethod
    def setUpClass(cls):
        cls.share_cluster().start().wait_healthy()
        with cls.cluster.nodes[0].client() as client:
            client.put("before", "garbage")

    def setUp(self):
        self.random = random.Random(SEED)
        self.nodes = self.cluster.nodes
        self.pids = [node.process.pid for node in self.nodes]
        self.logs_at = [os.path.getsize(node.log_file) for node in self.nodes]

    def tearDown(self):
        """Every process lives and serves, and none wrote a flood into its log."""
        for node, pid, log_at in zip(self.nodes, self.pids, self.logs_at):
            self.assertTrue(node.running(), node.log()[-3000:])
            self.assertEqual(node.process.pid, pid)
            with node.client() as client:
                self.assertEqual(client.put(f"after/{node.id}", "v").status, 200)
                self.assertEqual(client.get("before").body, b"garbage")
            written = os.path.getsize(node.log_file) - log_at
            self.assertLess(written, 1 << 20, "a stranger can fill the disk through the log")
        self.cluster.wait_healthy()

    def random_bytes(self, limit):
        return self.random.randbytes(self.random.randrange(1, limit))

    def mutated(self, data):
        data = bytearray(data)
        self.mutate(data, 0)
        return bytes(data)

    def mutated_frame(self, frame):
        """With a right checksum and length: so the damage comes as far as whoever reads a hello."""
        frame = bytearray(frame)
        self.mutate(frame, FRAME_HEADER)
        if self.random.randrange(3) == 0:
            del frame[self.random.randrange(FRAME_HEADER, len(frame)):]
        return sealed(frame)

    def mutate(self, data, begin):
        for _ in range(self.random.randrange(1, 6)):
            data[self.random.randrange(begin, len(data))] = self.random.randrange(256)

    def test_api_random_bytes(self):
        for number in range(SENDS):
            send_and_forget(self.nodes[number % 3].api_port, self.random_bytes(3000))

    def test_api_truncated_and_damaged_requests(self):
        requests = [
            b"PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nshort",
            b"GET /v1/kv?prefix=a&limit=10 HTTP/1.1\r\nHost: x\r\nIf-Match: \"1\"\r\n\r\n",
            b"POST /v1/batch HTTP/1.1\r\nContent-Length: 42\r\n\r\n"
            b"{\"ops\":[{\"put\":{\"key\":\"k\",\"value\":\"v\"}}]}",
            b"PUT /v1/kv/k HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"PUT /v1/kv/k HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            b"GET /v1/kv/" + b"%41" * 500 + b" HTTP/1.1\r\n\r\n",
        ]
        for number in range(SENDS):
            request = requests[number % len(requests)]
            port = self.nodes[number % 3].api_port
            send_and_forget(port, request[:self.random.randrange(1, len(request))])
            send_and_forget(port, self.mutated(request), wait_s=0.02)

    def test_api_requests_whose_end_is_in_doubt(self):
        """What follows a body that cannot be delimited is never taken for a request."""
        for fields, status in ((b"Transfer-Encoding: gzip", b"501"),
                               (b"Transfer-Encoding: chunked, gzip", b"501"),
                               (b"Transfer-Encoding: chunked\r\nContent-Length: 4", b"400")):
            answer = send_and_forget(
                self.nodes[0].api_port,
                b"PUT /v1/kv/doubt HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n"
                b"PUT /v1/kv/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", wait_s=5)
            self.assertEqual(answer.split(b" ")[1:2], [status], (fields, answer))
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, (fields, answer))
        with self.nodes[0].client() as client:
            self.assertEqual(client.get("smuggled").status, 404)
            self.assertEqual(client.get("doubt").status, 404)

    def test_api_half_open_connections(self):
        """Hundreds of connections that never finish a request take nobody's turn."""
        with contextlib.ExitStack() as stack:
            for number in range(300):
                stream = stack.enter_context(socket.create_connection(
                    ("127.0.0.1", self.nodes[0].api_port), 5))
                stream.sendall([b"", b"P", b"PUT /v1/kv/k HTTP/1.1\r\n",
                                b"PUT /v1/kv/k HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"][number % 4])
            with self.nodes[0].client() as client:
                began = time.monotonic()
                for number in range(20):
                    self.assertEqual(client.put(f"half-open/{number}", "v").status, 200)
                report(f"20 writes beside 300 half-open connections: "
                       f"{time.monotonic() - began:.2f} s")

    def test_api_huge_headers(self):
        port = self.nodes[0].api_port
        for request, statuses in (
                (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n", (b"414", b"431")),
                (b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 60_000 + b"\r\n", (b"431",)),
                (b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 200_000, (b"431",))):
            answer = answer_to(port, request)
            self.assertRegex(answer, rb"\AHTTP/1\.1 (?:%s) " % b"|".join(statuses))

    def test_api_answers_that_nobody_reads(self):
        """Clients that ask for megabytes, do not read, and go away."""
        with self.nodes[0].client() as client:
            self.assertEqual(client.put("big", b"x" * (4 << 20)).status, 200)
        for number in range(20):
            with socket.create_connection(("127.0.0.1", self.nodes[number % 3].api_port), 5) as s:
                s.sendall(b"GET /v1/kv/big HTTP/1.1\r\nHost: x\r\n\r\n" * 8)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def test_raft_random_bytes(self):
        for number in range(SENDS):
            send_and_forget(self.nodes[number % 3].raft_port, self.random_bytes(3000))
            # A length field may come first: all the small and all the huge.
            for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
                send_and_forget(self.nodes[number % 3].raft_port,
                                struct.pack("<I", length) + self.random_bytes(200))

    def test_raft_damaged_hello(self):
        """What a node says first to a stranger, cut and damaged and sent back to the others."""
        first_words = b""
        for node in self.nodes:
            first_words = first_words or send_and_forget(node.raft_port, b"", wait_s=0.5)
        if not first_words:
            first_words = self.recorded_hello()
        self.assertTrue(first_words)
        report(f"a node's first frame has {len(first_words)} bytes")
        first_words = first_words[:FRAME_HEADER + struct.unpack_from("<I", first_words)[0]]
        self.assertEqual(sealed(first_words), first_words, "the checksum is computed as nodes do")
        for number in range(SENDS):
            port = self.nodes[number % 3].raft_port
            send_and_forget(port, first_words[:self.random.randrange(1, len(first_words) + 1)])
            send_and_forget(port, self.mutated(first_words), wait_s=0.01)
            send_and_forget(port, self.mutated_frame(first_words), wait_s=0.01)
            send_and_forget(port, first_words + self.random_bytes(500), wait_s=0.01)

    def recorded_hello(self):
        """The first bytes that a node sends to a peer: one of its own, which listens here."""
        directory = make_directory("hello-")
        self.addCleanup(shutil.rmtree, directory)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            stranger = self.make_cluster(2)
            node, absent = stranger.nodes
            text = stranger.config_of(node).replace(str(absent.raft_port),
                                                    str(listener.getsockname()[1]))
            text = re.sub(r"replication_factor: 3", "replication_factor: 2", text)
            with open(node.config_file, "w", encoding="utf-8") as file:
                file.write(text)
            node.start()
            listener.settimeout(10)
            stream, _ = listener.accept()
            with stream:
                stream.settimeout(10)
                return stream.recv(65536)

    def test_gossip_garbage(self):
        for number in range(SENDS):
            node = self.nodes[number % 3]
            for size in (1, 40, 1400):
                send_and_forget(node.gossip_port, self.random_bytes(size + 1),
                                kind=socket.SOCK_DGRAM)
            send_and_forget(node.gossip_port, self.random_bytes(3000))
        send_and_forget(self.nodes[0].gossip_port, b"", kind=socket.SOCK_DGRAM)
        send_and_forget(self.nodes[0].gossip_port, b"\xff" * 65000, kind=socket.SOCK_DGRAM)

    def test_metrics_garbage(self):
        for number in range(SENDS):
            send_and_forget(self.nodes[number % 3].metrics_port, self.random_bytes(3000))
        for node in self.nodes:
            with Client(node.metrics_port) as client:
                self.assertEqual(client.request("GET", "/metrics").status, 200)


class Refusals(ClusterTest):
    def setUp(self):
        self.cluster = self.make_cluster(1, {r"replication_factor: 3": "replication_factor: 1",
                                             r"write_quorum: 2": "write_quorum: 1",
                                             r"read_quorum: 2": "read_quorum: 1"})
        self.node = self.cluster.nodes[0]

    def test_port_in_use(self):
        for key, port, kind in (("network.api_addr", self.node.api_port, socket.SOCK_STREAM),
                                ("network.raft_addr", self.node.raft_port, socket.SOCK_STREAM),
                                ("network.gossip_addr", self.node.gossip_port, socket.SOCK_DGRAM),
                                ("network.metrics_addr", self.node.metrics_port,
                                 socket.SOCK_STREAM)):
            with self.subTest(key), socket.socket(socket.AF_INET, kind) as holder:
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                holder.bind(("127.0.0.1", port))
                if kind == socket.SOCK_STREAM:
                    holder.listen()
                status, output = run_greyd("--config", self.node.config_file)
                self.assertEqual(status, 1, output)
                self.assertIn(f"127.0.0.1:{port}", output)
                self.assertIn(key, output)

    def test_one_node_is_a_cluster(self):
        self.node.start()
        report(f"one node healthy after {self.cluster.wait_healthy():.2f} s")
        with self.node.client() as client:
            self.assertEqual(client.put("alone", "v").status, 200)
        self.node.kill()
        self.node.start()
        self.cluster.wait_healthy()
        with self.node.client() as client:
            self.assertEqual(client.get("alone").body, b"v")

    def test_second_process_on_the_data(self):
        self.node.start()
        self.cluster.wait_healthy()
        status, output = run_greyd("--config", self.node.config_file)
        self.assertEqual(status, 1, output)
        self.assertIn(str(self.node.process.pid), output)
        self.assertEqual(self.node.state(), "healthy")

    def refused(self, text, *sentences):
        """Refused by --check and by a start alike, with status 78 and having touched nothing."""
        with open(self.node.config_file, "w", encoding="utf-8") as file:
            file.write(text)
        for arguments in (["--check"], []):
            status, output = run_greyd("--config", self.node.config_file, *arguments)
            self.assertEqual(status, EX_CONFIG, output)
            for sentence in sentences:
                self.assertRegex(output, sentence)
        self.assertFalse(os.path.exists(self.node.data_dir))

    def test_unknown_key(self):
        text = self.cluster.config_of(self.node)
        bad = text.replace("  heartbeat_interval", "  hartbeat_interval")
        line = bad[:bad.index("hartbeat")].count("\n") + 1
        self.refused(bad, rf"{re.escape(self.node.config_file)}:{line}:3: ",
                     "hartbeat_interval", 'did you mean "heartbeat_interval"')

    def test_impossible_values(self):
        text = self.cluster.config_of(self.node)
        for old, new, key in (("shards: 32", "shards: many", "storage.shards"),
                              ("shards: 32", "shards: 0", "storage.shards"),
                              ("bootstrap_expect: 1", "bootstrap_expect: 3",
                               "cluster.bootstrap_expect"),
                              ("write_quorum: 1", "write_quorum: 2", "storage.write_quorum"),
                              ("replication_factor: 1", "replication_factor: 3",
                               "storage.replication_factor"),
                              ("election_timeout: 1000ms", "election_timeout: 1000",
                               "consensus.election_timeout"),
                              ("engine: rocksdb", "engine: rockdb", "storage.engine")):
            with self.subTest(new):
                self.assertIn(old, text)
                self.refused(text.replace(old, new), re.escape(key),
                             rf"(?m)^{re.escape(self.node.config_file)}:\d+:\d+: ")

    def test_tls_without_its_plugin(self):
        """Never a silent plaintext."""
        status, output = run_greyd("--config", self.node.config_file, "--check")
        self.assertEqual(status, 0, output)
        self.refused(self.cluster.config_of(self.node) +
                     "security:\n"
                     "  tls: {enabled: true, cert_file: /c, key_file: /k, ca_file: /a}\n",
                     r"security\.tls\.enabled")


if __name__ == "__main__":
    main()
