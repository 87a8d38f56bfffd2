"""What makes the faults: one after the other, now and then two at a time, all from one seed."""
import time

# Every fault by name; a run may be limited to some of them.
FAULTS = ["kill", "kill-majority", "kill-all", "stop", "restart", "isolate", "halves", "bridge",
          "one-way", "reset", "delay", "loss"]


class Nemesis:
    """Faults on one cluster in Namespaces. `choose` is a random.Random."""

    def __init__(self, cluster, network, choose, faults, log):
        self.cluster = cluster
        self.network = network
        self.choose = choose
        self.faults = [fault for fault in faults
                       if network.can_slow() or fault not in ("delay", "loss")]
        self.log = log
        self.counts = {fault: 0 for fault in self.faults}
        self._paused = []

    def run(self, seconds):
        """Makes faults for this long; afterwards some may still be in force."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for fault in self.choose.sample(self.faults, min(len(self.faults),
                                                             self.choose.choice([1, 1, 1, 2]))):
                self._make(fault)
            self._wait(self.choose.choice([0.2, 0.5, 1, 2, 4]) * self.choose.uniform(0.5, 1.5), end)
            if self.choose.random() < 0.8:
                self.end_faults()
                self._wait(self.choose.choice([0, 0.2, 0.5, 2]) * self.choose.uniform(0.5, 1.5), end)

    def end_faults(self):
        """All nodes run and reach each other."""
        self.network.heal()
        for node in self._paused:
            node.resume()
        self._paused = []
        for node in self.cluster.nodes:
            if not node.running():
                node.start()
        self.log("healed")

    def _wait(self, seconds, end):
        time.sleep(max(0, min(seconds, end - time.monotonic())))

    def _make(self, fault):
        self.counts[fault] += 1
        what = getattr(self, "_" + fault.replace("-", "_"))()
        self.log(f"{fault}: {what}")

    def _nodes(self, count=1):
        """That many running ones, or fewer."""
        nodes = [node for node in self.cluster.running() if node not in self._paused]
        self.choose.shuffle(nodes)
        return nodes[:count]

    def _kill_these(self, nodes):
        for node in nodes:
            node.process.kill()
        for node in nodes:
            node.kill()
        again = self.choose.random() < 0.5  # at once, or when the fault ends
        if again:
            for node in nodes:
                node.start()
        return f"{' '.join(node.id for node in nodes)}{', started at once' if again else ''}"

    def _kill(self):
        return self._kill_these(self._nodes())

    def _kill_majority(self):
        return self._kill_these(self._nodes(len(self.cluster.nodes) // 2 + 1))

    def _kill_all(self):
        return self._kill_these(self._nodes(len(self.cluster.nodes)))

    def _stop(self):
        nodes = self._nodes(self.choose.choice([1, 1, 2]))
        for node in nodes:
            node.pause()
        self._paused += nodes
        return " ".join(node.id for node in nodes)

    def _restart(self):
        """In good order, or right after it began."""
        nodes = self._nodes()
        for node in nodes:
            started = node.has_started()
            status = node.stop(limit_s=30)
            if started and status != 0:
                raise AssertionError(f"{node.id} ended with status {status} on SIGTERM")
            node.start()
        return " ".join(node.id for node in nodes)

    def _shuffled(self):
        return self.choose.sample(range(self.network.count), self.network.count)

    def _isolate(self):
        one, *others = self._shuffled()
        self.network.split([[one], others])
        return f"node-{one + 1}"

    def _halves(self):
        nodes = self._shuffled()
        half = len(nodes) // 2
        self.network.split([nodes[:half], nodes[half:]])
        return f"{sorted(nodes[:half])} {sorted(nodes[half:])} (from 0)"

    def _bridge(self):
        """One node reaches all; the two sides beside it do not reach each other."""
        middle, *others = self._shuffled()
        half = len(others) // 2
        self.network.split([[middle, *others[:half]], [middle, *others[half:]]])
        return f"{sorted(others[:half])} {middle} {sorted(others[half:])} (from 0)"

    def _one_way(self):
        """One node hears, or is heard by, some others only."""
        one, *others = self._shuffled()
        others = others[:self.choose.randrange(1, len(others) + 1)]
        deaf = self.choose.random() < 0.5
        for other in others:
            if deaf:
                self.network.cut(one, other)
            else:
                self.network.cut(other, one)
        return f"{one} {'does not hear' if deaf else 'is not heard by'} {others} (from 0)"

    def _reset(self):
        one, *others = self._shuffled()
        for other in others:
            self.network.reset(other, one)
        return f"connections of node-{one + 1}"

    def _slow_some(self, **how):
        some = self._shuffled()[:self.choose.randrange(1, self.network.count + 1)]
        slowed = [node for node in some if not self.network.is_slow(node)]
        for node in slowed:
            self.network.slow(node, seed=self.choose.randrange(1 << 32), **how)
        return f"{how} towards {sorted(slowed)} (from 0)"

    def _delay(self):
        delay = self.choose.choice([5, 20, 80, 300])
        return self._slow_some(delay_ms=delay, jitter_ms=delay * self.choose.choice([0, 1, 3]))

    def _loss(self):
        return self._slow_some(loss_percent=self.choose.choice([1, 5, 20, 50]),
                               delay_ms=self.choose.choice([0, 0, 10]))
