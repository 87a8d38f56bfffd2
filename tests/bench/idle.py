#!/usr/bin/env python3
"""What a cluster at rest uses: CPU and memory of three greyd with nothing to do.

Three nodes on this machine with the deployment guide's settings, on free ports, once for each
number of shards. When the cluster is healthy and every group sleeps (or, without quiescence, after
a while), nobody talks to it for --seconds; CPU time is that of /proc/PID/stat before and after,
memory the VmRSS of /proc/PID/status at the end. With --perf FILE a profile of the first node is
taken meanwhile, which costs a little itself."""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "cluster"))
from clusters import cpu_seconds, rss_mib
from harness import Cluster, Settings, wait_until

# Limits of one process, by number of shards: share of one core, MiB.
LIMITS = {32: (0.005, 60), 1000: (0.02, 150)}


def asleep(node):
    """How many groups of the node sleep; None when it does not say."""
    with urllib.request.urlopen(f"http://{node.host}:{node.metrics_port}/metrics",
                                timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(r"^grey_raft_quiescent_groups(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def switches(pid):
    """Context switches of all threads: how often the process was woken."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii", errors="replace") as file:
            total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return total


def measure(shards, options):
    """Prints a line for each node; whether all keep the limits."""
    cluster = Cluster(3, replace={r"shards: \d+": f"shards: {shards}"})
    try:
        cluster.start()
        cluster.wait_healthy(60)
        groups = shards + 1
        if not options.no_wait:
            wait_until(lambda: all((asleep(node) or 0) >= groups for node in cluster.nodes), 60,
                       lambda: f"asleep: {[asleep(node) for node in cluster.nodes]} of {groups}",
                       interval_s=1)
        time.sleep(options.settle)
        pids = [node.process.pid for node in cluster.nodes]
        profile = None
        if options.perf:
            profile = subprocess.Popen(["perf", "record", "-g", "-o", options.perf, "-p",
                                        str(pids[0]), "--", "sleep", str(options.seconds)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        before = [(cpu_seconds(pid), switches(pid)) for pid in pids]
        time.sleep(options.seconds)
        elapsed = time.monotonic() - begin
        good = True
        most_cpu, most_mib = LIMITS.get(shards, (1, 1 << 20))
        for node, pid, (cpu, woken) in zip(cluster.nodes, pids, before):
            share = (cpu_seconds(pid) - cpu) / elapsed
            wakeups = (switches(pid) - woken) / elapsed
            mib = rss_mib(pid)
            within = share < most_cpu and mib < most_mib
            good = good and within
            print(f"{shards:5} shards  {node.id}: {share * 100:.2f} % of a core "
                  f"(limit {most_cpu * 100:g}), {mib:.0f} MiB (limit {most_mib}), "
                  f"{wakeups:.0f} switches/s{'' if within else '  ABOVE'}", flush=True)
        if profile:
            profile.wait(60)
        return good
    finally:
        cluster.close()


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", default=Settings.build_dir)
    parser.add_argument("--shards", default="32,1000", help="one or more numbers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--settle", type=float, default=3, help="seconds before measuring begins")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until groups sleep")
    parser.add_argument("--perf", metavar="FILE", help="record a profile of the first node")
    return parser.parse_args()


def main():
    options = parse()
    Settings.build_dir = options.build_dir
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    results = [measure(int(shards), options) for shards in options.shards.split(",")]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
