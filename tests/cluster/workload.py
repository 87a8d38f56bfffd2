"""Clients that load a cluster while faults are made, and remember what was acknowledged."""
import itertools
import os
import random
import subprocess
import threading
import time

from harness import SHARDS, Settings, Unanswered, make_directory, shard_tags

PACE_S = 0.02
# Answers that say "surely not done, ask again".
NOT_DONE = {408, 429, 503, 507}


class _Connections:
    """A connection to the first of the nodes that takes it, in an order of its own: what a load
    balancer does."""

    def __init__(self, nodes, start, timeout_s=10):
        self._nodes = nodes[start % len(nodes):] + nodes[:start % len(nodes)]
        self._clients = [node.client(timeout_s) for node in self._nodes]
        self._current = 0

    def node(self):
        return self._nodes[self._current]

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


def inserted_key(prefix, tag, number):
    return f"{prefix}/{{{tag}}}/{number:06d}"


def inserted_value(prefix, shard, number):
    return f"{prefix} {shard} {number} " + "x" * 200


def expected_inserts(prefix, acknowledged):
    """Every key that an InsertLoad wrote, and its value, from how many it wrote in each shard."""
    tags = shard_tags(len(acknowledged))
    return {inserted_key(prefix, tags[shard], number): inserted_value(prefix, shard, number)
            for shard, count in enumerate(acknowledged) for number in range(count)}


class InsertLoad(Load):
    """One client for each shard writes new keys, each until it is acknowledged. So each
    acknowledged key has exactly one value, and each shard shows for itself when it takes writes
    again."""

    def __init__(self, nodes, prefix, pace_s=PACE_S, shards=SHARDS, client_timeout_s=10):
        super().__init__()
        self._client_timeout_s = client_timeout_s
        self.prefix = prefix
        self.acknowledged = [0] * shards  # how many keys of this shard, numbered from 0
        self._ack_times = [[] for _ in range(shards)]  # (begin, end) of each acknowledged write
        self._tags = shard_tags(shards)
        self._pace_s = pace_s
        for shard in range(shards):
            self._spawn(self._run, nodes, shard)

    def key(self, shard, number):
        return inserted_key(self.prefix, self._tags[shard], number)

    def value(self, shard, number):
        return inserted_value(self.prefix, shard, number)

    def _run(self, nodes, shard):
        connections = _Connections(nodes, shard, self._client_timeout_s)
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

    def last_acknowledged(self):
        """For each shard when its last write was acknowledged, of time.monotonic()."""
        return [times[-1][1] if times else 0 for times in self._ack_times]

    def longest_stall(self, begin, end):
        """Of all shards the longest time within [begin, end] without an acknowledgement."""
        longest = 0
        for times in self._ack_times:
            inside = [done for _, done in list(times) if begin < done < end]
            longest = max(longest, *(later - earlier for earlier, later in
                                     zip([begin, *inside], [*inside, end])))
        return longest

    def total(self):
        return sum(self.acknowledged)

    def expected(self):
        """Every acknowledged key and its value."""
        return expected_inserts(self.prefix, self.acknowledged)


class RegisterLoad(Load):
    """Concurrent clients use a few keys as registers: they read, write, create, compare-and-set and
    delete them. Every call that may have had an effect is recorded with its times, as a line of
    tests/faults/history_file.h; `check` judges them.

    `clients` threads use all keys in turn; `numbers` (an iterator) gives values that no other load
    of the same keys writes."""

    KINDS = ["read", "read", "read", "write", "write", "cas", "cas", "create", "delete",
             "delete_if"]

    def __init__(self, nodes, keys, clients=16, pace_s=0.015, seed=0, numbers=None,
                 request_timeout="5s", client_timeout_s=10):
        super().__init__()
        self.keys = keys
        self.lines = []
        self._numbers = numbers or itertools.count(1)
        self._pace_s = pace_s
        self._query = f"?timeout={request_timeout}"
        self._client_timeout_s = client_timeout_s
        for number in range(clients):
            self._spawn(self._run, nodes, seed * 1000 + number)

    def _run(self, nodes, number):
        connections = _Connections(nodes, number, self._client_timeout_s)
        choose = random.Random(number)
        seen = {}  # key -> (value, ETag) of the last read or write
        while not self._stop.is_set():
            key = choose.choice(self.keys)
            kind = choose.choice(self.KINDS)
            if kind in ("cas", "delete_if") and key not in seen:
                kind = "read"
            found = self._call(connections, key, number, kind, seen.pop(key, None))
            if found:
                seen[key] = found
            self._stop.wait(self._pace_s * choose.uniform(0, 2))
            if choose.random() < 0.1:
                connections.next()
        connections.close()

    def _send(self, client, key, kind, value, seen):
        if kind == "read":
            return client.get(key, self._query)
        headers = {"cas": {"If-Match": seen and seen[1]}, "create": {"If-None-Match": "*"},
                   "delete_if": {"If-Match": seen and seen[1]}}.get(kind)
        if kind in ("delete", "delete_if"):
            return client.delete(key, self._query, headers)
        return client.put(key, str(value), self._query, headers)

    def _call(self, connections, key, number, kind, seen):
        """Makes one call and records it; (value, ETag) if it told what is there."""
        value = next(self._numbers) if kind in ("write", "cas", "create") else 0
        expected = seen[0] if kind in ("cas", "delete_if") else 0
        node = connections.node()
        begin = time.monotonic_ns()
        try:
            answer = self._send(connections.current(), key, kind, value, seen)
        except Unanswered as error:
            self._count("refused" if error.refused else "broken connection")
            if not error.refused:
                self._record(key, number, node, kind, "unknown", value, expected, begin)
            connections.next()
            self._stop.wait(0.01)
            return None
        end = time.monotonic_ns()
        self._count(answer.status)
        if answer.status in NOT_DONE or answer.status == 504:
            if answer.status == 504:
                self._record(key, number, node, kind, "unknown", value, expected, begin)
            connections.next()
            return None
        allowed = {"read": (200, 404), "delete": (204, 404), "delete_if": (204, 412)}
        if answer.status not in allowed.get(kind, (200, 200 if kind == "write" else 412)):
            raise AssertionError(f"{kind} of {key} at {node.id}: {answer}")
        if kind == "read" and answer.status == 200:
            value = int(answer.body)
        outcome = "done" if answer.status < 300 or kind == "read" else "mismatch"
        revision = answer.etag if answer.status == 200 else None
        self._record(key, number, node, kind, outcome, value, expected, begin, end, revision)
        return (value, answer.etag) if answer.status == 200 else None

    _NAMES = {"read": "get", "write": "put", "cas": "put_if", "create": "put_if",
              "delete": "remove", "delete_if": "put_if"}

    def _record(self, key, number, node, kind, outcome, value, expected, begin, end="-",
                revision=None):
        line = (f"{key} {number} {node.id} {self._NAMES[kind]} {outcome} {value} {expected} "
                f"{begin} {end} {(revision or '-').strip(chr(34))}\n")
        with self._lock:
            self.lines.append(line)

    def count(self):
        return len(self.lines)

    def unknown(self):
        return sum(" unknown " in line for line in self.lines)

    def read_everywhere(self, nodes):
        """Records one more read of every key through every node; each must be answered."""
        for node in nodes:
            connections = _Connections([node], 0, self._client_timeout_s)
            for key in self.keys:
                before = len(self.lines)
                self._call(connections, key, 0, "read", None)
                if len(self.lines) == before:
                    raise AssertionError(f"{node.id} does not answer a read of {key}")
            connections.close()

    def check(self):
        """None, or what is wrong."""
        directory = make_directory("history-")
        file = os.path.join(directory, "history")
        with open(file, "w", encoding="utf-8") as out:
            out.writelines(self.lines)
        status, text = judge([file])
        if status == 0:
            os.remove(file)
            os.rmdir(directory)
            return None
        return f"{file}: {text}"


def judge(files):
    """(exit status, output) of grey_judge on histories that clients recorded."""
    done = subprocess.run([Settings.judge(), *files], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False)
    return done.returncode, done.stdout


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
