#!/usr/bin/env python3
"""A disk that is full: the node says so and loses nothing, the cluster goes on serving, and when there
is space again all is well without anybody's help.

Each data directory in question lies on a small tmpfs, mounted where only this program and its nodes
see it. The disk is full because of a file beside the data, as on a machine that others use too."""
import ctypes
import os
import subprocess
import sys
import time

import namespaces
import paths  # noqa: finds the harness
from harness import SHARDS, ClusterTest, main, report, shard_tags, wait_until
from workload import InsertLoad, check_kept, replica_differences

DISK_MIB = 160  # RocksDB wants a write buffer of 64 MiB free before it goes on
NOTICED_S = 20  # from a full disk to its mention in the node's status
HEALED_S = 60  # from space to healthy
CLONE_NEWNS = 0x20000
VALUE = "v" * 20000  # so that what is still allocated fills soon


def why_not():
    """None, or why no tmpfs can be mounted here. Moves this program to mounts of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return f"unshare of mounts: {os.strerror(ctypes.get_errno())}; it needs root"
    done = subprocess.run(["mount", "--make-rprivate", "/"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip() if done.returncode else None


class SmallDisk:
    """The disk of one node's data."""

    def __init__(self, node):
        self._ballast = os.path.join(node.data_dir, "..", f"{node.id}-disk", "ballast")
        self._directory = os.path.dirname(self._ballast)
        os.makedirs(self._directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs",
                        self._directory], check=True)
        node.data_dir = os.path.join(self._directory, "data")
        os.mkdir(node.data_dir, 0o750)
        node.write_config()

    def fill(self):
        """To the last byte, again whenever something was freed."""
        with open(self._ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        os.remove(self._ballast)

    def unmount(self):
        subprocess.run(["umount", "-l", self._directory], check=False)


class DiskFull(ClusterTest):
    def make_small(self, indices):
        self.cluster = self.make_cluster()
        self.nodes = self.cluster.nodes
        self.disks = [SmallDisk(self.nodes[index]) for index in indices]
        for disk in self.disks:
            self.addCleanup(disk.unmount)
        self.cluster.start().wait_healthy()
        self.keys = [f"before/{{{tag}}}" for tag in shard_tags()]
        with self.nodes[0].client() as client:
            for key in self.keys:
                self.assertEqual(client.put(key, "kept").status, 200)

    def write_until(self, node, done, limit_s, what):
        """Large values to every shard through `node` until done(); the answers' statuses, and the
        keys that were acknowledged."""
        statuses, kept = {}, {}
        number = 0
        deadline = time.monotonic() + limit_s
        tags = shard_tags()
        with node.client() as client:
            while not done():
                key = f"large/{node.id}/{{{tags[number % SHARDS]}}}/{number}"
                answer = client.put(key, VALUE, "?timeout=500ms")
                what_said = f"{answer.status} {answer.error_code() or ''}".strip()
                statuses[what_said] = statuses.get(what_said, 0) + 1
                if answer.status == 200:
                    kept[key] = VALUE
                number += 1
                self.assertLess(time.monotonic(), deadline, f"{what}; answers: {statuses}")
        return statuses, kept

    def says_so(self, node):
        problems = node.document("/v1/cluster/status")["problems"]
        return [text for text in problems if "space" in text or "disk" in text]

    def check_healed(self, kept):
        moment = time.monotonic()
        for disk in self.disks:
            disk.free()
        self.cluster.wait_healthy(HEALED_S)
        wait_until(lambda: not any(self.says_so(node) for node in self.nodes), HEALED_S,
                   lambda: f"no full disk any more: {[self.says_so(n)[:2] for n in self.nodes]}")
        report(f"healthy {time.monotonic() - moment:.1f} s after there was space again")
        for node in self.nodes:
            with node.client() as client:
                for key in self.keys:
                    self.assertEqual(client.put(f"{key}/after/{node.id}", "v").status, 200)
                    self.assertEqual(client.get(key).body, b"kept")
        self.assertEqual(check_kept(kept, self.nodes, "large"), [])
        self.cluster.wait_caught_up()
        self.assertEqual(replica_differences(self.nodes), [])

    def fill_until_said(self, full, writer):
        """Fills the disks, writing through `writer`, until every node of `full` is known to be so."""
        def said():
            for disk in self.disks:
                disk.fill()
            # A node's status tells of all others too.
            seen = self.says_so(writer)
            return all(any(f"node {node.id}," in text for text in seen) for node in full)

        moment = time.monotonic()
        answers, kept = self.write_until(writer, said, NOTICED_S, "the full nodes say so")
        report(f"said after {time.monotonic() - moment:.1f} s: {self.says_so(full[0])[0]}; "
               f"answers meanwhile: {answers}")
        return kept


class Survives(DiskFull):
    def test_one_of_three(self):
        """The others serve every shard; the full one says what is wrong."""
        self.make_small([1])
        inserts = InsertLoad([self.nodes[0], self.nodes[2]], "load")
        with inserts:
            wait_until(lambda: min(inserts.acknowledged) > 0, 20, "every shard takes writes")
            kept = self.fill_until_said([self.nodes[1]], self.nodes[0])
            moment = time.monotonic()
            wait_until(lambda: None not in inserts.outages(moment), 20, lambda:
                       f"writes of every shard while one disk is full: {inserts.outages(moment)} "
                       f"{inserts.outcomes}")
            for node in (self.nodes[0], self.nodes[2]):
                with node.client() as client:
                    for key in self.keys:
                        self.assertEqual(client.get(key).body, b"kept", node.id)
            self.assertTrue(self.nodes[1].running())
        report(f"{inserts.total()} writes acknowledged, others {inserts.failures()}")
        self.check_healed(kept)
        self.assertEqual(check_kept(inserts.expected(), self.nodes, "load"), [])

    def test_all_three(self):
        """No process ends, what was acknowledged stays, and can be read at least as stale."""
        self.make_small([0, 1, 2])
        kept = self.fill_until_said(self.nodes, self.nodes[0])
        for node in self.nodes:
            with node.client() as client:
                for key in self.keys:
                    self.assertEqual(client.get(key, "?consistency=stale").body, b"kept")
        self.assertTrue(all(node.running() for node in self.nodes))
        self.check_healed(kept)

    def test_killed_while_full(self):
        """What was on the disk when it was full is what a restart finds."""
        self.make_small([0, 1, 2])
        kept = self.fill_until_said(self.nodes, self.nodes[0])
        for node in self.nodes:
            node.kill()
        for disk in self.disks:
            disk.free()
        for node in self.nodes:
            node.start()
        self.cluster.wait_healthy(HEALED_S)
        self.assertEqual(check_kept(kept, self.nodes, "large"), [])


class Answers(DiskFull):
    """What the contract says of requests while disks are full."""

    def test_full_node_forwards(self):
        """Any node takes any request, the one with the full disk too."""
        self.make_small([1])
        self.fill_until_said([self.nodes[1]], self.nodes[0])
        with self.nodes[1].client() as client:
            for key in self.keys:
                self.assertEqual(client.get(key).body, b"kept")
                self.assertIn(client.put(f"{key}/through", "v").status, (200, 507))

    def test_writes_are_refused_and_the_rest_is_served(self):
        self.make_small([0, 1, 2])
        kept = self.fill_until_said(self.nodes, self.nodes[0])
        for node in self.nodes:
            with node.client() as client:
                for key in self.keys:
                    answer = client.put(f"{key}/no", VALUE)
                    self.assertEqual((answer.status, answer.error_code()), (507, "no_space"))
                    self.assertTrue(answer.json()["error"]["retryable"])
                    self.assertEqual(client.get(key).body, b"kept")
        with self.nodes[0].client() as client:
            for key in list(kept)[:SHARDS]:
                self.assertEqual(client.delete(key).status, 204)
                del kept[key]
        self.check_healed(kept)


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(f"skipped: no small disk can be mounted: {reason}", flush=True)
        sys.exit(namespaces.SKIPPED)
    main()
