#!/usr/bin/env python3
"""Leadership that is transferred on request, under load: no request fails, it stays where it was
put, and a node that stops tells its clients by answers."""
import json
import threading
import time

from harness import (Client, ClusterTest, SHARDS, Unanswered, main, report, shard_tags,
                     wait_until)
from workload import InsertLoad, check_kept

HAND_BACK_S = 8  # rebalancing takes leadership back after 3 s and some
OPTIONS = """
plugins:
  options:
    kv:
      transfer_hold: {hold}
"""


def shards_with(node, document):
    return [each["shard"] for each in document["shards"] if each["leader"] == node.id]


class TransferTest(ClusterTest):
    def start(self, hold="10m"):
        self.cluster = self.make_cluster(more=OPTIONS.format(hold=hold)).start()
        self.cluster.wait_healthy()
        self.nodes = self.cluster.nodes

    def transfer(self, node, body=None, query=""):
        with node.client() as client:
            return client.request("POST", "/v1/cluster/transfer" + query,
                                  json.dumps(body).encode() if body is not None else None)

    def done(self, node, body=None):
        answer = self.transfer(node, body)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.json()["done"])
        return answer.json()

    def leader(self, node=None):
        return (node or self.nodes[0]).document("/v1/cluster/leader")["leader"]

    def led_by(self, node):
        return shards_with(node, self.nodes[0].document("/v1/cluster/replication"))

    def load(self):
        load = InsertLoad(self.nodes, "transfer", pace_s=0.01)
        load.__enter__()
        self.addCleanup(load._stop.set)
        wait_until(lambda: min(load.acknowledged) >= 5, 20, "every shard takes writes")
        return load

    def end(self, load):
        load.stop()
        self.assertEqual(load.failures(), {}, "a request failed")
        self.assertEqual(check_kept(load.expected(), self.nodes, load.prefix), [])

    def test_no_request_fails_while_leaders_go_round(self):
        self.start()
        load = self.load()
        begin = time.monotonic()
        while time.monotonic() < begin + 4:
            for node in self.nodes:
                others = [each for each in self.nodes if each is not node]
                self.done(others[0], {"from": node.id, "shard": "all"})
                self.assertEqual(self.led_by(node), [])
                self.assertNotEqual(self.leader(others[1]), node.id)
        self.end(load)
        pauses = [max(later[1] - earlier[1] for earlier, later in zip(times, times[1:]))
                  for times in load._ack_times]
        report(f"{load.total()} writes acknowledged; longest pause of a shard "
               f"{max(pauses) * 1000:.0f} ms")

    def test_one_group_through_every_node_again_and_again(self):
        self.start()
        load = self.load()
        for at, node in enumerate(self.nodes):
            target = self.nodes[(at + 1) % 3]
            found = self.done(node, {"to": target.id})
            self.assertEqual(found["leader"], target.id)
            self.assertEqual(self.leader(node), target.id)
            again = self.done(self.nodes[at - 1], {"to": target.id})
            self.assertEqual((again["leader"], again["term"], again["moved"]),
                             (target.id, found["term"], []))
            shard = self.done(node, {"to": target.id, "shard": 11})
            self.assertEqual(shard["leader"], target.id)
            self.assertIn(11, self.led_by(target))
        before = self.leader()
        self.assertNotEqual(self.done(self.nodes[1])["leader"], before)
        self.end(load)

    def test_it_holds_against_rebalancing_for_its_time(self):
        hold_s = 14
        self.start(hold=f"{hold_s}s")
        first = self.nodes[0]
        self.done(self.nodes[1], {"from": first.id, "shard": "all"})
        moved = time.monotonic()
        while time.monotonic() < moved + HAND_BACK_S:
            self.assertEqual(self.led_by(first), [])
            self.assertNotEqual(self.leader(), first.id)
            time.sleep(0.3)
        wait_until(lambda: self.led_by(first), hold_s + 15, "leaders return after the time")
        self.assertGreater(time.monotonic() - moved, hold_s)

    def test_errors_say_what_is_wrong(self):
        self.start()
        for body in ({"to": "node-9"}, {"to": 1}, {"shard": SHARDS}, {"shard": "all"},
                     {"from": "node-1", "to": "node-1"}, {"who": "node-1"}, []):
            answer = self.transfer(self.nodes[1], body)
            self.assertEqual((answer.status, answer.error_code()), (400, "bad_request"), answer)
        self.assertIn("node-1, node-2, node-3",
                      self.transfer(self.nodes[2], {"to": "node-9"}).body.decode())
        self.assertEqual(self.transfer(self.nodes[0], {}, "?timeout=1h").status, 400)
        first, second, third = self.nodes
        third.kill()
        answer = self.transfer(second, {"to": third.id})
        self.assertEqual((answer.status, answer.error_code()), (503, "node_unavailable"), answer)
        second.kill()
        wait_until(lambda: self.transfer(first, {"to": second.id}).error_code() == "no_quorum", 10,
                   lambda: f"no quorum: {self.transfer(first, {'to': second.id})}")
        second.start()
        third.start()
        self.cluster.wait_healthy()
        self.done(first, {"to": third.id})

    def test_clients_of_a_node_that_stops_get_answers(self):
        """A connection on which requests are made is not cut between question and answer."""
        self.start()
        node = self.nodes[2]
        stop = threading.Event()
        broken, answered, closed = [], [0] * 12, [0] * 12

        def ask(number):
            client = Client(node.api_port)
            key = f"{{{shard_tags()[number]}}}"
            while not stop.is_set():
                try:
                    answer = client.put(key, "value")
                except Unanswered as error:
                    if not error.refused:
                        broken.append(repr(error))
                    return
                answered[number] += 1
                if answer.status != 200:
                    broken.append(repr(answer))
                if answer.headers.get("Connection", "").lower() == "close":
                    closed[number] += 1
                    return
                stop.wait(0.005)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        wait_until(lambda: min(answered) > 20, 20, "every client is served")
        node.stop()
        stop.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual(broken, [])
        self.assertEqual(closed, [1] * 12, "each was told by its last answer")


if __name__ == "__main__":
    main()
