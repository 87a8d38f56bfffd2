#!/usr/bin/env python3
"""A node that was away until the log it needs was gone is filled by snapshots while writes go on,
also when it or a leader is killed in the middle."""
import hashlib
import threading
import time

from harness import Client, ClusterTest, main, report, shard_tags, wait_until
from workload import InsertLoad

SHARDS = 4
VALUE = 32 << 10
OPTIONS = """
plugins:
  options:
    raft:
      log_budget: 16MiB
      segment_size: 1MiB
      snapshot_rate: {rate}
      snapshot_transfers: 2
    rocksdb:
      write_buffer: 4MiB
"""


class Snapshots(ClusterTest):
    def start(self, rate):
        cluster = self.make_cluster(replace={"shards: 32": f"shards: {SHARDS}"},
                                    more=OPTIONS.format(rate=rate)).start()
        cluster.wait_healthy()
        self.written = 0
        return cluster

    def metric(self, node, name):
        with Client(node.metrics_port) as client:
            text = client.request("GET", "/metrics").body.decode()
        values = [float(line.split()[-1]) for line in text.splitlines()
                  if line.startswith((name + " ", name + "{"))]
        self.assertTrue(values, f"{node.id} has no metric {name}")
        return sum(values)

    def outgrow_the_log(self, nodes, mib):
        """Writes `mib` MiB of new keys, over all shards."""
        tags = shard_tags(SHARDS)
        begin, count = self.written, mib * (1 << 20) // VALUE
        self.written += count
        failures = []

        def write(lane):
            with nodes[lane % len(nodes)].client() as client:
                for number in range(begin + lane, begin + count, 8):
                    key = f"big/{{{tags[number % SHARDS]}}}/{number:07d}"
                    value = f"{number:08d}" * (VALUE // 8)
                    if client.put(key, value).status != 200:
                        failures.append(key)

        threads = [threading.Thread(target=write, args=(lane,)) for lane in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def digest(self, node):
        """Keys, revisions and values as this node's own replicas have them."""
        hashed = hashlib.sha256()
        with node.client(timeout_s=30) as client:
            items, _ = client.scan_all(consistency="stale", limit=200)
        for item in items:
            hashed.update(f"{item['key']} {item['revision']} {item['value']}\n".encode())
        return len(items), hashed.hexdigest()

    def check_all_equal(self, cluster, load):
        cluster.wait_healthy(limit_s=60)
        cluster.wait_caught_up(limit_s=30)
        wait_until(lambda: len({self.digest(node) for node in cluster.nodes}) == 1, 10,
                   lambda: f"replicas equal: {[self.digest(node) for node in cluster.nodes]}")
        count, _ = self.digest(cluster.nodes[2])
        self.assertEqual(count, self.written + sum(load.acknowledged))

    def states(self, node):
        """Of the third node's replicas, as `node` sees them."""
        return {replica["state"] for shard in node.document("/v1/cluster/replication")["shards"]
                for replica in shard["replicas"] if replica["node"] == "node-3"}

    def begin_filling(self, cluster, node):
        before = self.metric_or_zero(node)
        wait_until(lambda: self.metric_or_zero(node) > before + (1 << 20), 30,
                   f"{node.id} takes a snapshot in")

    def metric_or_zero(self, node):
        try:
            return self.metric(node, "grey_raft_snapshot_received_bytes_total")
        except (OSError, AssertionError):
            return 0
        except Exception:  # noqa: it starts, or has just been killed
            return 0

    def test_filled_while_writes_go_on(self):
        cluster = self.start("32MiB")
        first, second, third = cluster.nodes
        third.kill()
        self.outgrow_the_log([first, second], 96)
        with InsertLoad([first, second], "on", shards=SHARDS) as load:
            seen = set()
            began = time.monotonic()
            third.start()

            def filled():
                seen.update(self.states(first))
                return self.metric_or_zero(third) and first.state() == "healthy"

            wait_until(filled, 60, lambda: f"healthy again; states seen: {seen}")
            report(f"filled with {self.metric_or_zero(third) / (1 << 20):.0f} MiB in "
                   f"{time.monotonic() - began:.1f} s; states on the way: {sorted(map(str, seen))}")
            acknowledged = sum(load.acknowledged)
            wait_until(lambda: sum(load.acknowledged) > acknowledged + 20, 10, "writes go on")
        self.assertEqual(load.failures(), {})
        self.assertIn("snapshot", seen)
        self.assertGreaterEqual(self.metric(third, "grey_raft_snapshots_installed_total"), 1)
        sent = sum(self.metric(node, "grey_raft_snapshots_sent_total") for node in (first, second))
        self.assertEqual(sent, self.metric(third, "grey_raft_snapshots_installed_total"))
        # The control group is one more: its leader may have changed while the third node was away.
        self.assertLessEqual(sent, SHARDS + 1, "a shard was filled more than once")
        self.check_all_equal(cluster, load)

    def test_receiver_and_leaders_are_killed_in_the_middle(self):
        cluster = self.start("12MiB")
        first, second, third = cluster.nodes
        third.kill()
        self.outgrow_the_log([first, second], 96)
        with InsertLoad([first, second], "on", shards=SHARDS) as load:
            for _ in range(2):
                third.start()
                self.begin_filling(cluster, third)
                time.sleep(1)  # anywhere in the middle; nothing is judged by it
                third.kill()
            third.start()
            self.begin_filling(cluster, third)
            first.kill()
            time.sleep(1)
            first.start()
            self.begin_filling(cluster, third)
            second.kill()
            time.sleep(1)
            second.start()
            cluster.wait_healthy(limit_s=90)
        resumed = third.log().count("goes on with a snapshot")
        report(f"gone on with after a restart: {resumed} transfers")
        self.check_all_equal(cluster, load)


if __name__ == "__main__":
    main()
