#!/usr/bin/env python3
"""Five nodes, three replicas of each shard: every node serves every key, most for others."""
from harness import SHARDS, ClusterTest, main, on_each, report, shard_tags
from workload import InsertLoad, check_kept


class FiveNodes(ClusterTest):
    def test_every_node_serves_every_key(self):
        cluster = self.make_cluster(5).start()
        report(f"five nodes healthy after {cluster.wait_healthy():.2f} s")
        members = cluster.nodes[0].document("/v1/cluster/members")["members"]
        shares = [member["shards"] for member in members]
        report(f"replicas of shards on each node: {shares}")
        self.assertEqual(sum(shares), 3 * SHARDS)
        self.assertLessEqual(max(shares) - min(shares), 3)
        keys = [f"five/{{{tag}}}" for tag in shard_tags()]

        def write(node):
            with node.client() as client:
                return [client.put(f"{key}/{node.id}", node.id).status for key in keys]

        def read(node):
            with node.client() as client:
                for consistency in ("linearizable", "stale"):
                    for key in keys:
                        for writer in cluster.nodes:
                            answer = client.get(f"{key}/{writer.id}",
                                                f"?consistency={consistency}")
                            # A stale replica may lag; what it has must be right.
                            if consistency == "stale" and answer.status == 404:
                                continue
                            self.assertEqual((answer.status, answer.body.decode()),
                                             (200, writer.id), (node.id, key))
                items, _ = client.scan_all(prefix="five/")
                self.assertEqual([item["key"] for item in items], sorted(
                    f"{key}/{writer.id}" for key in keys for writer in cluster.nodes))

        for statuses in on_each(cluster.nodes, write):
            self.assertEqual(set(statuses), {200})
        on_each(cluster.nodes, read)

        with InsertLoad(cluster.nodes, "five-load") as load:
            cluster.nodes[4].kill()
            with cluster.nodes[0].client() as client:
                for key in keys:
                    self.assertEqual(client.put(f"{key}/after", "kill").status, 200, key)
            cluster.nodes[4].start()
            report(f"one killed and restarted: healthy after {cluster.wait_healthy():.2f} s")
        report(f"{load.total()} writes acknowledged, others {load.failures()}")
        self.assertEqual(check_kept(load.expected(), cluster.nodes, load.prefix), [])


if __name__ == "__main__":
    main()
