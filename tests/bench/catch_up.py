#!/usr/bin/env python3
"""How fast a node that is GiBs behind is filled by snapshots, and what writes feel of it.

Three nodes on loopback. Node 3 is killed while it has nearly nothing; `--gib` GiB are written; writes at a fixed rate are measured without it, then it is started and they are measured
again until every replica has caught up. Ports and --work-dir as in compare.sh."""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

from clusters import BenchError, GreyCluster

OPTIONS = """  options:
    raft:
      log_budget: {log_budget}
      snapshot_rate: {snapshot_rate}
"""
MIB = 1 << 20
LIMIT_S = 1800


class CatchUp:
    def __init__(self, options):
        self.options = options
        folder = os.path.join(options.work_dir, f"grey-catch-up-{os.getpid()}")
        os.makedirs(folder)
        self.cluster = GreyCluster(folder, options.build_dir)
        for node in (1, 2, 3):
            with open(self.cluster._config(node), "a", encoding="utf-8") as file:
                file.write(OPTIONS.format(**vars(options)))

    def bench(self, *arguments):
        """grey_bench against nodes 1 and 2; its JSON."""
        done = subprocess.run(
            [self.options.grey_bench, "--endpoints", ",".join(self.cluster.endpoints()[:2]),
             "--json", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=True)
        return json.loads(done.stdout)

    def puts(self, seconds):
        return self.bench("--op", "put", "--rate", self.options.rate, "--connections", 32,
                          "--keys", 100_000, "--value-size", 256, "--seconds", seconds,
                          "--warmup", 0)

    def metric(self, name):
        """Of node 3; 0 while it does not answer."""
        url = f"http://127.0.0.1:{self.cluster.ports(3)[3]}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    def caught_up(self):
        url = f"http://{self.cluster.endpoints()[0]}/v1/cluster/replication"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                shards = json.load(answer)["shards"]
        except OSError:
            return False
        return all(replica["state"] == "replicate" and (replica["lag"] or 0) < 1000
                   for shard in shards for replica in shard["replicas"])

    def kill_third(self):
        process = self.cluster.processes.pop(3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def start_third(self):
        with open(self.cluster._log(3), "ab") as log:
            self.cluster.processes[3] = subprocess.Popen(
                self.cluster.command(3), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def run(self):
        options = self.options
        self.cluster.start()
        self.bench("--op", "load", "--keys", 1000, "--value-size", options.value_size)
        self.kill_third()
        keys = int(options.gib * (1 << 30)) // options.value_size
        loaded = self.bench("--op", "load", "--keys", keys, "--value-size", options.value_size,
                            "--connections", 16, "--pipeline", 8, "--timeout", 60)
        print(f"wrote {options.gib} GiB in values of {options.value_size} bytes: "
              f"{loaded['ops_per_s'] * options.value_size / MIB:.0f} MiB/s", flush=True)
        time.sleep(options.settle)
        before = self.puts(options.seconds)
        print(f"put, {options.rate}/s, without node 3: p50 {before['p50_us'] / 1000:.2f} ms, p99 "
              f"{before['p99_us'] / 1000:.2f} ms", flush=True)
        self.start_third()
        began = time.monotonic()
        while self.metric("grey_raft_snapshot_received_bytes_total") == 0:
            if time.monotonic() - began > 60:
                raise BenchError("node 3 takes no snapshot in")
            time.sleep(0.05)
        began, during = time.monotonic(), []
        took = None
        while took is None and time.monotonic() - began < LIMIT_S:
            load = subprocess.Popen(
                [options.grey_bench, "--endpoints", ",".join(self.cluster.endpoints()[:2]),
                 "--json", "--op", "put", "--rate", str(options.rate), "--connections", "32",
                 "--keys", "100000", "--value-size", "256", "--seconds", str(options.seconds),
                 "--warmup", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            while load.poll() is None:
                if took is None and self.caught_up():
                    took = time.monotonic() - began
                time.sleep(0.1)
            during.append(json.loads(load.stdout.read()))
        if took is None:
            raise BenchError(f"not caught up after {LIMIT_S} s")
        received = self.metric("grey_raft_snapshot_received_bytes_total")
        installs = self.metric("grey_raft_snapshots_installed_total")
        p99 = [one["p99_us"] / 1000 for one in during]
        errors = sum(one["errors"] for one in during)
        print(f"filled: {received / MIB:.0f} MiB in {installs:.0f} snapshots, {took:.1f} s, "
              f"{received / MIB / took:.1f} MiB/s")
        print(f"put, {options.rate}/s, meanwhile: p50 "
              f"{statistics.median(one['p50_us'] for one in during) / 1000:.2f} ms, p99 of "
              f"{options.seconds} s each: median {statistics.median(p99):.2f} ms, worst "
              f"{max(p99):.2f} ms; {errors} errors")
        print(f"p99: {statistics.median(p99) * 1000 / before['p99_us']:.2f} times as high")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--value-size", type=int, default=4096)
    parser.add_argument("--rate", type=int, default=500, help="puts a second that are measured")
    parser.add_argument("--seconds", type=int, default=10, help="of one measurement")
    parser.add_argument("--settle", type=int, default=10, help="seconds for compactions to end")
    parser.add_argument("--log-budget", default="512MiB")
    parser.add_argument("--snapshot-rate", default="128MiB")
    parser.add_argument("--build-dir", default="build/release")
    parser.add_argument("--work-dir", default="/var/tmp")
    parser.add_argument("--keep", action="store_true")
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
        if not options.keep:
            run.cluster.remove_data()
            os.rmdir(os.path.dirname(run.cluster.folder))


if __name__ == "__main__":
    main()
