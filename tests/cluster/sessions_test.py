#!/usr/bin/env python3
"""Client sessions: a write sent again through other nodes, after kill -9 of its leader and after a
restart of everything, is done once and answered as at first."""
import secrets
import threading
import time

from harness import Client, ClusterTest, Settings, Unanswered, main, report, wait_until

AGAIN = {429, 503, 504, 507}  # the write may be, or has to be, sent again


def metric_of(node, metric):
    """The value of a metric without labels; 0 while it has none."""
    with Client(node.metrics_port) as client:
        text = client.request("GET", "/metrics").body.decode()
    for line in text.splitlines():
        if line.startswith(metric + " "):
            return float(line.split()[1])
    return 0.0


class Session:
    """What docs/http-api.md asks of a client, with one write under way at a time."""

    def __init__(self, nodes, first_node=0):
        self.nodes = nodes
        self.client_id = secrets.token_hex(16)
        self.serial = 0
        self.turn = first_node
        self.sent_again = 0

    def headers(self, serial):
        return {"Grey-Client-Id": self.client_id, "Grey-Serial": str(serial)}

    def write(self, call, limit_s=30):
        """call(client, headers) until there is an answer that says what became of it."""
        self.serial += 1
        deadline = time.monotonic() + limit_s
        doubtful = False
        while time.monotonic() < deadline:
            try:
                with self.nodes[self.turn % len(self.nodes)].client() as client:
                    answer = call(client, self.headers(self.serial))
                if answer.status not in AGAIN:
                    self.sent_again += doubtful
                    return answer
                doubtful = doubtful or answer.status == 504
            except Unanswered as lost:
                doubtful = doubtful or not lost.refused
            self.turn += 1
            time.sleep(0.02)
        raise AssertionError(f"no answer to serial {self.serial} within {limit_s} s")


class Counters:
    """Threads that count upwards by compare-and-set, each write in a session. A retry of a write
    that was done would be told that the condition fails, if it were taken for a new one: the
    counter would run ahead of what its clients counted."""

    KEYS = 4

    def __init__(self, nodes):
        self.nodes = nodes
        self.counted = [0] * self.KEYS
        self.problems = []
        self.sessions = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,))
                         for number in range(2 * self.KEYS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __exit__(self, *_):
        self.stop()

    def _run(self, number):
        session = Session(self.nodes, number)
        self.sessions.append(session)
        key = f"counter/{number % self.KEYS}"
        try:
            while not self._stop.is_set():
                self._count_one(session, key, number % self.KEYS)
        except AssertionError as problem:
            self.problems.append(problem)

    def _count_one(self, session, key, index):
        try:
            with self.nodes[session.turn % len(self.nodes)].client() as client:
                seen = client.get(key)
        except Unanswered:
            session.turn += 1
            return
        if seen.status not in (200, 404):
            session.turn += 1
            return
        value = int(seen.body) if seen.status == 200 else 0
        condition = ({"If-Match": seen.headers["ETag"]} if seen.status == 200
                     else {"If-None-Match": "*"})
        answer = session.write(lambda client, headers: client.put(
            key, str(value + 1), "?timeout=2s", {**headers, **condition}))
        if answer.status == 200:
            with self._lock:
                self.counted[index] += 1
        elif answer.status != 412:
            raise AssertionError(f"{key}: {answer}")


class KillLeaders(ClusterTest):
    def test_counters_count_what_was_answered(self):
        cluster = self.make_cluster().start()
        cluster.wait_healthy()
        nodes = cluster.nodes
        with Counters(nodes) as counters:
            wait_until(lambda: min(counters.counted) > 5, 20, "every counter moves")
            for number in range(Settings.rounds):
                leaders = cluster.shard_leaders(nodes[0])
                victim = max(nodes, key=lambda node: leaders.count(node.id))
                victim.kill()
                before = list(counters.counted)
                wait_until(lambda: all(now > then for now, then in zip(counters.counted, before)),
                           20, f"every counter moves without {victim.id}")
                victim.start()
                cluster.wait_healthy()
            counters.stop()
        self.assertEqual(counters.problems, [])
        again = sum(session.sent_again for session in counters.sessions)
        with nodes[0].client() as client:
            values = [int(client.get(f"counter/{index}").body)
                      for index in range(Counters.KEYS)]
        report(f"counters {values} after {Settings.rounds} kills; {again} writes of unknown "
               f"outcome were settled by a retry")
        self.assertEqual(values, counters.counted)


class Retries(ClusterTest):
    def setUp(self):
        self.cluster = self.make_cluster().start()
        self.cluster.wait_healthy()
        self.nodes = self.cluster.nodes
        self.session = Session(self.nodes)

    def put(self, node, serial, key, value):
        with node.client() as client:
            return client.put(key, value, "?timeout=10s", self.session.headers(serial))

    def leader_of(self, serial, key):
        """The node that leads the key's shard: it counts a write sent again."""
        metric = "grey_kv_deduplicated_writes_total"
        before = {node: metric_of(node, metric) for node in self.nodes}
        self.assertEqual(self.put(self.nodes[0], serial, key, "first").status, 200)
        return next(node for node in self.nodes if metric_of(node, metric) > before[node])

    def check_remembered(self, tags, what):
        for node in self.cluster.running():
            for key, tag in tags.items():
                answer = self.put(node, 1 if key == "a" else 2, key, "first")
                self.assertEqual((answer.status, answer.headers["ETag"]), (200, tag), what)
        with self.cluster.running()[0].client() as client:
            for key in tags:
                self.assertEqual(client.get(key).body, b"second", what)

    def test_a_retry_gets_the_first_outcome(self):
        """Through every node; after kill -9 of the leader; after kill -9 of all."""
        tags = {}
        for serial, key in ((1, "a"), (2, "b")):
            first = self.put(self.nodes[0], serial, key, "first")
            self.assertEqual(first.status, 200)
            tags[key] = first.headers["ETag"]
            with self.nodes[1].client() as client:
                self.assertEqual(client.put(key, "second").status, 200)
        self.check_remembered(tags, "at once")
        victim = self.leader_of(1, "a")
        victim.kill()
        self.check_remembered(tags, f"after kill -9 of {victim.id}")
        victim.start()
        self.cluster.wait_healthy()
        for node in self.nodes:
            node.kill()
        for node in self.nodes:
            node.start()
        self.cluster.wait_healthy()
        self.check_remembered(tags, "after kill -9 of all")

    def test_refusals_are_remembered_too(self):
        with self.nodes[0].client() as client:
            headers = self.session.headers(5)
            self.assertEqual(client.delete("missing", headers=headers).status, 404)
            self.assertEqual(client.put("missing", "there").status, 200)
            self.assertEqual(client.delete("missing", headers=headers).status, 404)
            self.assertEqual(client.get("missing").body, b"there")

    def test_serials_out_of_the_window(self):
        key = "window"
        for serial in range(1, 66):
            self.assertEqual(self.put(self.nodes[serial % 3], serial, key, f"{serial}").status, 200)
        answer = self.put(self.nodes[0], 1, key, "1")
        self.assertEqual((answer.status, answer.error_code()), (409, "session_expired"))
        self.assertFalse(answer.json()["error"]["retryable"])
        self.assertEqual(self.put(self.nodes[1], 2, key, "2").status, 200)
        answer = self.put(self.nodes[0], 65, key, "another")
        self.assertEqual((answer.status, answer.error_code()), (400, "bad_request"))
        with self.nodes[2].client() as client:
            self.assertEqual(client.get(key).body, b"65")


class Forgetting(ClusterTest):
    def test_a_forgotten_session_is_409(self):
        cluster = self.make_cluster(
            more="\nplugins:\n  options:\n    kv: {session_retention: 1s}\n").start()
        cluster.wait_healthy()
        session = Session(cluster.nodes)
        self.assertEqual(session.write(
            lambda client, headers: client.put("k", "1", headers=headers)).status, 200)
        tags = set()

        def forgotten():
            # Each try keeps the session alive: only a pause makes it be forgotten.
            time.sleep(1.1)
            with cluster.nodes[1].client() as client:
                answer = client.put("k", "1", headers=session.headers(1))
            tags.add(answer.headers.get("ETag"))
            return answer.status == 409 and answer.error_code() == "session_expired"

        wait_until(forgotten, 20, "the session is forgotten")
        self.assertLessEqual(len(tags), 2, "the first outcome, or none")
        with cluster.nodes[2].client() as client:
            self.assertEqual(client.put("k", "2", headers=session.headers(2)).status, 200)

        def removed():
            with cluster.nodes[0].client() as client:
                client.put("k", "3")  # the log is the clock
            return sum(metric_of(node, "grey_kv_sessions") for node in cluster.nodes) == 0

        wait_until(removed, 20, "no replica remembers a session", interval_s=0.2)


if __name__ == "__main__":
    main()
