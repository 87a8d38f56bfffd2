"""Clients that load a cluster while faults are made, and remember what was acknowledged."""
import itertools
import random
import threading
import time

import linearizability
from harness import SHARDS, Unanswered, shard_tags

PACE_S = 0.02
# Answers that say "surely not done, ask again".
NOT_DONE = {408, 429, 503, 507}


class _Connections:
    """A connection to the first of the nodes that takes it, in an order of its own: what a load
    balancer does."""

    def __init__(self, nodes, start):
        self._nodes = nodes[start % len(nodes):] + nodes[:start % len(nodes)]
        self._clients = [node.client() for node in self._nodes]
        self._current = 0

    def current(self):
        return self._clients[self._current]

    def next(self):
        self._current = (self._current + 1) % len(self._clients)

    def close(self):
        for client in self._clients:
            client.close()


class Load:
    """The threads of one workload: started by `with`, stopped and joined at its end."""

    def __init__(self):
        self._stop = threading.Event()
        self._threads = []
        self._lock = threading.Lock()
        self.outcomes = {}  # what was answered -> how often
        self.broken = []  # exceptions of the threads: bugs of this program or of the cluster

    def _spawn(self, function, *arguments):
        def run():
            try:
                function(*arguments)
            except Exception as error:  # noqa: told by stop()
                self.broken.append(error)

        self._threads.append(threading.Thread(target=run, daemon=True))

    def _count(self, outcome):
        with self._lock:
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                self.broken.append(RuntimeError("a client does not end"))
        if self.broken:
            raise self.broken[0]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self._stop.set()

    def failures(self):
        """The outcomes that were not success."""
        return {outcome: count for outcome, count in self.outcomes.items() if outcome != 200}


class InsertLoad(Load):
    """One client for each shard writes new keys, each until it is acknowledged. So each
    acknowledged key has exactly one value, and each shard shows for itself when it takes writes
    again."""

    def __init__(self, nodes, prefix, pace_s=PACE_S, shards=SHARDS):
        super().__init__()
        self.prefix = prefix
        self.acknowledged = [0] * shards  # how many keys of this shard, numbered from 0
        self._ack_times = [[] for _ in range(shards)]  # (begin, end) of each acknowledged write
        self._tags = shard_tags(shards)
        self._pace_s = pace_s
        for shard in range(shards):
            self._spawn(self._run, nodes, shard)

    def key(self, shard, number):
        return f"{self.prefix}/{{{self._tags[shard]}}}/{number:06d}"

    def value(self, shard, number):
        return f"{self.prefix} {shard} {number} " + "x" * 200

    def _run(self, nodes, shard):
        connections = _Connections(nodes, shard)
        while not self._stop.is_set():
            number = self.acknowledged[shard]
            begin = time.monotonic()
            try:
                answer = connections.current().put(self.key(shard, number),
                                                   self.value(shard, number))
            except Unanswered as error:
                self._count("refused" if error.refused else "broken connection")
                connections.next()
                self._stop.wait(0.01 if error.refused else 0)
                continue
            self._count(answer.status if answer.status == 200 else
                        f"{answer.status} {answer.error_code()}")
            if answer.status == 200:
                self._ack_times[shard].append((begin, time.monotonic()))
                self.acknowledged[shard] = number + 1
                self._stop.wait(self._pace_s)
            elif answer.status in NOT_DONE or answer.status == 504:
                connections.next()
                self._stop.wait(0.01)
            else:
                raise AssertionError(f"{self.key(shard, number)}: {answer}")
        connections.close()

    def outages(self, moment):
        """For each shard the seconds from `moment` to the acknowledgement of the first write that
        began later; None: none yet."""
        result = []
        for times in self._ack_times:
            found = None
            for begin, end in reversed(times):
                if begin <= moment:
                    break
                found = end
            result.append(None if found is None else found - moment)
        return result

    def total(self):
        return sum(self.acknowledged)

    def expected(self):
        """Every acknowledged key and its value."""
        return {self.key(shard, number): self.value(shard, number)
                for shard, count in enumerate(self.acknowledged) for number in range(count)}


class RegisterLoad(Load):
    """Concurrent clients read, write and compare-and-set a few keys; every call is recorded with
    its times. `check` judges the record."""

    def __init__(self, nodes, prefix, keys=4, clients=4, pace_s=0.015):
        super().__init__()
        self.keys = [f"{prefix}/register-{number}" for number in range(keys)]
        self._histories = {key: [] for key in self.keys}
        self._unique = itertools.count()
        self._pace_s = pace_s
        for index, key in enumerate(self.keys):
            for client in range(clients):
                self._spawn(self._run, nodes, key, index + client)

    def _run(self, nodes, key, number):
        connections = _Connections(nodes, number)
        choose = random.Random(f"{key} {number}")
        seen = None  # (value, ETag) of the last read
        while not self._stop.is_set():
            kind = choose.choice(["read", "read", "write", "cas"])
            if kind == "cas" and seen is None:
                kind = "read"
            seen = self._call(connections, key, number, kind, seen)
            self._stop.wait(self._pace_s * choose.uniform(0, 2))
            if choose.random() < 0.1:
                connections.next()
        connections.close()

    def _call(self, connections, key, number, kind, seen):
        value = None if kind == "read" else f"{next(self._unique)}"
        operation = linearizability.Operation(
            kind, time.monotonic(), None, value, seen[0] if kind == "cas" else None, True, number)
        client = connections.current()
        try:
            if kind == "read":
                answer = client.get(key)
            else:
                answer = client.put(key, value,
                                    headers={"If-Match": seen[1]} if kind == "cas" else None)
        except Unanswered as error:
            self._count("refused" if error.refused else "broken connection")
            if not error.refused:
                self._record(key, operation)
            connections.next()
            self._stop.wait(0.01)
            return None
        end = time.monotonic()
        self._count(answer.status)
        if answer.status in NOT_DONE:
            connections.next()
            return None
        if answer.status == 504:
            self._record(key, operation)
            connections.next()
            return None
        operation.end = end
        if answer.status == 412 and kind == "cas":
            operation.ok = False
        elif kind == "read" and answer.status in (200, 404):
            operation.value = answer.body.decode() if answer.status == 200 else None
        elif answer.status != 200:
            raise AssertionError(f"{kind} of {key}: {answer}")
        self._record(key, operation)
        return (operation.value, answer.etag) if answer.status == 200 else None

    def _record(self, key, operation):
        with self._lock:
            self._histories[key].append(operation)

    def count(self):
        return sum(len(history) for history in self._histories.values())

    def unknown(self):
        return sum(not each.known for history in self._histories.values() for each in history)

    def check(self):
        """None, or what is wrong."""
        for key, history in self._histories.items():
            stuck = linearizability.check(history)
            if stuck is not None:
                around = sorted((each for each in history
                                 if abs(each.begin - stuck.begin) < 2 or not each.known),
                                key=lambda each: each.begin)
                lines = "\n".join(f"  {each}" for each in around)
                return f"{key} is not linearizable; no place for {stuck}; around it:\n{lines}"
        return None


def check_kept(expected, nodes, prefix, consistency="linearizable"):
    """What of `expected` {key: value} a scan through each node does not give back: sentences."""
    problems = []
    for node in nodes:
        with node.client() as client:
            items, _ = client.scan_all(prefix=prefix + "/", limit=10000, consistency=consistency)
        found = {item["key"]: item["value"] for item in items}
        missing = [key for key in expected if key not in found]
        wrong = [key for key in expected if key in found and found[key] != expected[key]]
        if missing:
            problems.append(f"{node.id} lacks {len(missing)} acknowledged keys, {missing[:5]}")
        if wrong:
            problems.append(f"{node.id} has {len(wrong)} other values, {wrong[:5]}")
    return problems


def replica_differences(nodes, prefix=""):
    """How the nodes' own replicas differ: each key's value and revision, read stale at each."""
    contents = []
    for node in nodes:
        with node.client() as client:
            items, _ = client.scan_all(prefix=prefix, limit=10000, consistency="stale")
        contents.append({item["key"]: (item["value"], item["revision"]) for item in items})
    differences = []
    for node, content in zip(nodes[1:], contents[1:]):
        keys = [key for key in contents[0].keys() | content.keys()
                if contents[0].get(key) != content.get(key)]
        if keys:
            key = min(keys)
            differences.append(f"{nodes[0].id} and {node.id} differ in {len(keys)} keys, the first "
                               f"{key}: {contents[0].get(key)} and {content.get(key)}")
    return differences
