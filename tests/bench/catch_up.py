#!/usr/bin/env python3
"""How fast a node that is GiBs behind is filled by snapshots, and what writes feel of it.

Three nodes on loopback. Node 3 is killed while it has nearly nothing; `--gib` GiB are written; puts
at a fixed rate (an open loop: a late answer delays no later put) are measured without it, then it is
started and they are measured again until every replica has caught up. p99 is compared between
windows of the same length at the same rate; windows that end after the transfer do not count unless
there is no other.

With --data the prepared clusters stay there: the next run takes them and measures only.

Ports and --work-dir as in compare.sh."""
import argparse
import collections
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

from clusters import TICKS_PER_SECOND, BenchError, GreyCluster, machine_busy_seconds

OPTIONS = """  options:
    raft:
      log_budget: {log_budget}
      snapshot_rate: {snapshot_rate}
"""
MIB = 1 << 20
LIMIT_S = 1800


def thread_seconds(pid):
    """CPU time by the name of the threads."""
    times = collections.Counter()
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as file:
                head, tail = file.read().rsplit(")", 1)
        except OSError:
            continue
        fields = tail.split()
        times[head.split("(", 1)[1]] += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return times


class CpuMeter:
    """Which threads of which node worked since it was made."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.began = time.monotonic()
        self.busy = machine_busy_seconds()
        self.threads = {node: thread_seconds(process.pid)
                        for node, process in cluster.processes.items()}

    def report(self):
        took = time.monotonic() - self.began
        print(f"  machine: {(machine_busy_seconds() - self.busy) / took:.2f} of "
              f"{os.cpu_count()} processors")
        for node, process in sorted(self.cluster.processes.items()):
            used = thread_seconds(process.pid)
            used.subtract(self.threads.get(node, {}))
            parts = ", ".join(f"{name} {seconds / took:.2f}"
                              for name, seconds in used.most_common() if seconds / took >= 0.01)
            print(f"  node {node}: {sum(used.values()) / took:.2f} ({parts})", flush=True)


class CatchUp:
    def __init__(self, options):
        self.options = options
        self.folder = options.data or os.path.join(options.work_dir,
                                                   f"grey-catch-up-{os.getpid()}")
        self.behind = os.path.join(self.folder, "behind")  # node 3's data when it was killed
        self.prepared = os.path.exists(self.behind)
        os.makedirs(self.folder, exist_ok=True)
        self.cluster = GreyCluster(self.folder, options.build_dir)
        for node in (1, 2, 3):
            with open(self.cluster._config(node), "a", encoding="utf-8") as file:
                file.write(OPTIONS.format(**vars(options)))
        self.data = os.path.join(self.cluster.folder, "data-3")

    def bench_command(self, *arguments):
        return [self.options.grey_bench, "--endpoints", ",".join(self.cluster.endpoints()[:2]),
                "--json", *map(str, arguments)]

    def bench(self, *arguments):
        """grey_bench against nodes 1 and 2; its JSON."""
        done = subprocess.run(self.bench_command(*arguments), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=True)
        return json.loads(done.stdout)

    def put_arguments(self):
        return ("--op", "put", "--rate", self.options.rate, "--connections", 32, "--keys", 100_000,
                "--value-size", 256, "--seconds", self.options.seconds, "--warmup", 0)

    def metric(self, name):
        """Of node 3; 0 while it does not answer."""
        url = f"http://127.0.0.1:{self.cluster.ports(3)[3]}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    def replicas_of_third(self):
        """What their leaders say of those that are no voters of their own."""
        shards = []
        for endpoint in self.cluster.endpoints()[:2]:
            try:
                url = f"http://{endpoint}/v1/cluster/replication"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    shards += json.load(answer)["shards"]
            except OSError:
                return None
        return [replica for shard in shards for replica in shard["replicas"]]

    def caught_up(self):
        replicas = self.replicas_of_third()
        return bool(replicas) and all(
            replica["state"] == "replicate" and (replica["lag"] or 0) < 1000
            for replica in replicas)

    def prepare(self):
        options = self.options
        self.cluster.start()
        self.bench("--op", "load", "--keys", 1000, "--value-size", options.value_size)
        self.cluster.kill_node(3)
        shutil.copytree(self.data, self.behind + ".part")
        keys = int(options.gib * (1 << 30)) // options.value_size
        loaded = self.bench("--op", "load", "--keys", keys, "--value-size", options.value_size,
                            "--connections", 16, "--pipeline", 8, "--timeout", 60)
        print(f"wrote {options.gib} GiB in values of {options.value_size} bytes: "
              f"{loaded['ops_per_s'] * options.value_size / MIB:.0f} MiB/s", flush=True)
        os.rename(self.behind + ".part", self.behind)

    def resume(self):
        """Node 3 is what it was when it was killed; the others may have gone on since."""
        shutil.rmtree(self.data)
        shutil.copytree(self.behind, self.data)
        for node in (1, 2):
            self.cluster.start_node(node)
        while not all(self.cluster.is_ready(node) for node in (1, 2)):
            self.cluster.check_alive()
            time.sleep(0.1)

    def drop_from_page_cache(self):
        """What is sent has to be read from the disk then."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                file = os.open(os.path.join(folder, name), os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)

    def measure_before(self):
        time.sleep(self.options.settle)
        meter = CpuMeter(self.cluster)
        windows = [self.bench(*self.put_arguments()) for _ in range(self.options.windows)]
        self.show(windows, "without node 3")
        meter.report()
        return windows

    def measure_during(self):
        """(windows, seconds until all had caught up)"""
        self.cluster.start_node(3)
        began = time.monotonic()
        while self.metric("grey_raft_snapshot_received_bytes_total") == 0:
            if time.monotonic() - began > 60:
                raise BenchError("node 3 takes no snapshot in")
            time.sleep(0.05)
        began, took, during, mixed = time.monotonic(), None, [], None
        meter = CpuMeter(self.cluster)
        while took is None:
            if time.monotonic() - began > LIMIT_S:
                raise BenchError(f"not caught up after {LIMIT_S} s")
            with subprocess.Popen(self.bench_command(*self.put_arguments()),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as load:
                while load.poll() is None:
                    if took is None and self.caught_up():
                        took = time.monotonic() - began
                        meter.report()
                    time.sleep(0.5)
                window = json.loads(load.stdout.read())
            if took is None:
                during.append(window)
            else:
                mixed = window
        return during or [mixed], took

    def show(self, windows, when):
        p99 = [one["p99_us"] / 1000 for one in windows]
        p50 = statistics.median(one["p50_us"] for one in windows) / 1000
        print(f"put, {self.options.rate}/s, {when}: p50 {p50:.2f} ms, p99 of "
              f"{len(windows)} x {self.options.seconds} s: median {statistics.median(p99):.2f} ms, "
              f"worst {max(p99):.2f} ms; {sum(one['errors'] for one in windows)} errors\n"
              f"  p99 one by one: {' '.join(f'{one:.1f}' for one in p99)}", flush=True)

    def run(self):
        options = self.options
        if self.prepared:
            self.resume()
        else:
            self.prepare()
            if options.data:
                return
        if options.cold:
            self.drop_from_page_cache()
        before = self.measure_before()
        during, took = self.measure_during()
        received = self.metric("grey_raft_snapshot_received_bytes_total")
        installs = self.metric("grey_raft_snapshots_installed_total")
        print(f"filled: {received / MIB:.0f} MiB in {installs:.0f} snapshots, {took:.1f} s, "
              f"{received / MIB / took:.1f} MiB/s")
        self.show(during, "meanwhile")
        ratio = (statistics.median(one["p99_us"] for one in during) /
                 statistics.median(one["p99_us"] for one in before))
        print(f"p99: {ratio:.2f} times as high")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--value-size", type=int, default=4096)
    parser.add_argument("--rate", type=int, default=1000, help="puts a second that are measured")
    parser.add_argument("--seconds", type=int, default=10, help="of one window")
    parser.add_argument("--windows", type=int, default=3, help="before node 3 is started")
    parser.add_argument("--settle", type=int, default=10, help="seconds for compactions to end")
    parser.add_argument("--cold", action="store_true",
                        help="drop the data from the page cache first")
    parser.add_argument("--log-budget", default="512MiB")
    parser.add_argument("--snapshot-rate", default="56MiB")
    parser.add_argument("--build-dir", default="build/release")
    parser.add_argument("--work-dir", default="/var/tmp")
    parser.add_argument("--data", metavar="FOLDER",
                        help="a new folder: prepare it and end; a prepared one: measure with it")
    options = parser.parse_args()
    options.build_dir = os.path.realpath(options.build_dir)
    options.grey_bench = os.path.join(options.build_dir, "bin", "grey_bench")
    run = CatchUp(options)
    try:
        run.run()
    except BenchError as error:
        sys.exit(str(error))
    finally:
        run.cluster.stop()
        if not options.data:
            shutil.rmtree(run.folder)


if __name__ == "__main__":
    main()
