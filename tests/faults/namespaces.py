"""A network for a cluster on one machine, in which links can be cut, slowed and made to lose.

Each node stands in a network namespace of its own, joined to a bridge in one more, the hub, in
which this program and its clients run. No namespace has a name and nothing is added to the
machine's own network: all of it lives as long as a few sleeping processes, which die with this
program, so that nothing is left over however it ends.

Faults are packet filter rules in the nodes' namespaces, for traffic between nodes. Clients in the
hub reach every node at all times.
"""
import ctypes
import os
import random
import shutil
import subprocess
import sys

import paths  # noqa: finds the harness
from harness import Settings, start_process, wait_until

SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt
HUB_ADDRESS = "10.201.0.254"
CLONE_NEWNET = 0x40000000
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21
# A chain for cuts, before one for delays: what is dropped is not delayed first.
RULES = "iptables -w -N CUT; iptables -w -N SLOW; " \
        "iptables -w -A INPUT -i eth0 -j CUT; iptables -w -A INPUT -i eth0 -j SLOW"


class Unavailable(Exception):
    """This machine does not let us make namespaces; the text says why."""


def _run(command, text=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


def why_not():
    """None, or why namespaces cannot be made here."""
    missing = [tool for tool in ("ip", "iptables", "nsenter", "unshare", "setpriv")
               if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: iproute2 iptables util-linux)"
    with open("/proc/self/status", encoding="ascii") as file:
        effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    if not effective >> CAP_NET_ADMIN & 1 or not effective >> CAP_SYS_ADMIN & 1:
        return "it needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN"
    try:
        _run(["unshare", "--net", "sh", "-c", RULES])
    except Unavailable as error:
        return str(error)
    return None


def skip_unless_available():
    """Ends this program with the status that ctest counts as skipped."""
    reason = why_not()
    if reason:
        print(f"skipped: network namespaces are not available: {reason}", flush=True)
        sys.exit(SKIPPED)


def delay_queue():
    return os.path.join(Settings.build_dir, "bin/delay_queue")


class Namespaces:
    """The `network` of a harness.Cluster. Make it before the first thread: this program moves into
    the hub, and threads stay where they were made.

    Nodes are named by their index, from 0."""

    PORTS = [8080, 9080, 7946, 10080]

    def __init__(self, count):
        self.count = count
        self._slow = {}  # node -> its delay_queue
        self._hub = self._hold()
        self._holders = [self._hold() for _ in range(count)]
        self._in(self._hub, "ip link set lo up; ip link add bridge type bridge; "
                 f"ip link set bridge up; ip addr add {HUB_ADDRESS}/24 dev bridge")
        for index, holder in enumerate(self._holders):
            self._in(self._hub, f"ip link add node{index} type veth peer name eth0 netns "
                     f"{holder.pid}; ip link set node{index} master bridge up")
            self._in(holder, f"ip addr add {self.host(index)}/24 dev eth0; ip link set lo up; "
                     f"ip link set eth0 up; {RULES}")
        self._move_to_hub()

    # What a cluster wants of its network.

    def host(self, index):
        return f"10.201.0.{index + 1}"

    def ports(self, index):
        return self.PORTS

    def command(self, index, command):
        return ["nsenter", f"--net=/proc/{self._holders[index].pid}/ns/net", *command]

    # Faults. They add up until heal().

    def cut(self, here, there):
        """Nothing from `there` arrives `here`: one way."""
        self._node(here, f"iptables -w -A CUT -s {self.host(there)} -j DROP")

    def cut_both(self, one, other):
        self.cut(one, other)
        self.cut(other, one)

    def split(self, groups):
        """Groups of nodes that reach only their own; a node in several groups reaches all of
        them."""
        for one in range(self.count):
            for other in range(one):
                if not any(one in group and other in group for group in groups):
                    self.cut_both(one, other)

    def reset(self, here, there):
        """Connections from `there` to here are answered by a reset, as by a firewall."""
        self._node(here, f"iptables -w -A CUT -s {self.host(there)} -p tcp -j REJECT "
                   "--reject-with tcp-reset")

    def slow(self, node, delay_ms=0, jitter_ms=0, loss_percent=0, seed=None):
        """What other nodes send to this one arrives late, or not at all."""
        assert node not in self._slow
        read, write = os.pipe()
        command = [delay_queue(), "0", str(delay_ms), str(jitter_ms), str(loss_percent),
                   str(random.randrange(1 << 32) if seed is None else seed)]
        try:
            self._slow[node] = start_process(self.command(node, command), write)
        finally:
            os.close(write)
        with os.fdopen(read) as output:
            answer = output.readline()
        if answer != "ready\n":
            raise Unavailable(f"delay_queue: {answer}")
        self._node(node, "".join(
            f"iptables -w -A SLOW -s {self.host(other)} -j NFQUEUE --queue-num 0 --queue-bypass;"
            for other in range(self.count) if other != node))

    def is_slow(self, node):
        return node in self._slow

    def can_slow(self):
        return os.access(delay_queue(), os.X_OK)

    def heal(self):
        """Ends all faults."""
        for node in range(self.count):
            self._node(node, "iptables -w -F CUT; iptables -w -F SLOW")
        for process in self._slow.values():
            process.kill()
            process.wait(10)
        self._slow = {}

    def _node(self, node, script):
        self._in(self._holders[node], script)

    @staticmethod
    def _in(holder, script):
        _run(["nsenter", f"--net=/proc/{holder.pid}/ns/net", "sh", "-ec", script])

    @staticmethod
    def _hold():
        """A process in a new namespace, which keeps it."""
        own = os.readlink("/proc/self/ns/net")
        process = start_process(["unshare", "--net", "sleep", "infinity"], subprocess.DEVNULL)

        def moved():
            if process.poll() is not None:
                raise Unavailable("unshare --net ended")
            return os.readlink(f"/proc/{process.pid}/ns/net") != own

        wait_until(moved, 10, "a new network namespace", interval_s=0.002)
        return process

    def _move_to_hub(self):
        with open(f"/proc/{self._hub.pid}/ns/net", "rb") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                raise Unavailable(f"setns: {os.strerror(ctypes.get_errno())}")
