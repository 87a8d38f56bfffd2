#!/usr/bin/env python3
"""Measures a three-node grey cluster and a three-node etcd in turn and prints both side by side.

Started by compare.sh, which builds what this needs. Standard library only."""
import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from clusters import (BenchError, EtcdCluster, GreyCluster, cpu_seconds, machine_busy_seconds,
                      rss_mib)

PHASES = {
    "get-fresh": ("get", "get, fresh members"),
    "put": ("put", "put"),
    "mixed": ("mixed", "90 % get, 10 % put"),
    "get-after": ("get", "get, after writes"),
}
DISTURBED_CORES = 0.3


def note(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """Runs one system's load program and measures its servers meanwhile."""

    def __init__(self, cluster, program, options):
        self.cluster = cluster
        self.program = program
        self.options = options

    def load(self):
        self._run("load", 64, rotate=0, limit=600)

    def measure(self, operation, connections, rotate):
        """One run: the load program's report and what the servers and the machine used."""
        pids = self.cluster.pids()
        before = [cpu_seconds(pid) for pid in pids]
        children_before = self._children_cpu()
        busy_before, time_before = machine_busy_seconds(), time.monotonic()
        limit = self.options.seconds + self.options.warmup + 60
        result = self._run(operation, connections, rotate, limit)
        elapsed = time.monotonic() - time_before
        busy = machine_busy_seconds() - busy_before
        client = self._children_cpu() - children_before
        self.cluster.check_alive()
        servers = sum(cpu_seconds(pid) - old for pid, old in zip(pids, before))
        # Servers are measured over the whole run, so their work is divided by all its operations.
        result["server_cpu_us_per_op"] = servers * 1e6 / max(result["ops_total"], 1)
        result["rss_mib"] = [rss_mib(pid) for pid in pids]
        result["other_cores"] = max(0.0, (busy - servers - client) / elapsed)
        return result

    @staticmethod
    def _children_cpu():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def _run(self, operation, connections, rotate, limit):
        endpoints = self.cluster.endpoints()
        rotate %= len(endpoints)
        command = [self.program, "--endpoints", ",".join(endpoints[rotate:] + endpoints[:rotate]),
                   "--op", operation, "--connections", str(connections),
                   "--keys", str(self.options.keys), "--value-size", str(self.options.value_size),
                   "--seconds", str(self.options.seconds), "--warmup", str(self.options.warmup),
                   "--json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit,
                                  check=False)
        except subprocess.TimeoutExpired:
            raise BenchError(f"did not end within {limit:.0f} s: {' '.join(command)}") from None
        try:
            result = json.loads(done.stdout)
        except ValueError:
            raise BenchError(f"status {done.returncode}: {' '.join(command)}\n"
                             f"{done.stderr}") from None
        if done.returncode != 0:
            raise BenchError(f"no request succeeded: {' '.join(command)}\n"
                             f"errors: {result['errors_by_kind']}")
        return result


def measure_system(cluster, program, options, results):
    """Fills results[(phase, connections)] with one report per run; the cluster ends stopped."""
    bench = Bench(cluster, program, options)
    try:
        note(f"{cluster.name}: starting three nodes, loading {options.keys} keys")
        cluster.start()
        idle = [rss_mib(pid) for pid in cluster.pids()]
        bench.load()
        if "get-fresh" in options.phases:
            cluster.restart()
        for phase in options.phases:
            for connections in options.connections:
                for run in range(options.runs):
                    result = bench.measure(PHASES[phase][0], connections, run)
                    result["rss_idle_mib"] = idle
                    results.setdefault((phase, connections), []).append(result)
                    note(f"{cluster.name}: {phase}, {connections} connections, run {run + 1}: "
                         f"{result['ops_per_s']:,.0f}/s, p99 {result['p99_us'] / 1e3:.2f} ms, "
                         f"errors {result['errors']} {result['errors_by_kind'] or ''}")
    finally:
        cluster.stop()
        if not options.keep:
            cluster.remove_data()


def median(runs, field):
    return statistics.median(run[field] for run in runs)


def number(value):
    """Three significant digits, more only for whole numbers above that."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table_row(label, system, runs, ratio):
    rates = [run["ops_per_s"] for run in runs]
    latencies = " / ".join(number(median(runs, f"{name}_us") / 1e3)
                           for name in ("p50", "p99", "p999"))
    rss = " ".join(f"{value:.0f}" for value in runs[-1]["rss_mib"])
    other = median(runs, "other_cores")
    cells = [label, system, number(statistics.median(rates)),
             f"{number(min(rates))}..{number(max(rates))}", latencies,
             number(median(runs, "server_cpu_us_per_op")),
             number(median(runs, "client_cpu_us_per_op")), rss,
             number(max(run["longest_gap_ms"] for run in runs)),
             str(sum(run["errors"] for run in runs)),
             f"{other:.2f}" + (" (disturbed)" if other > DISTURBED_CORES else ""), ratio]
    return "| " + " | ".join(cells) + " |"


def ratios(grey, etcd):
    """grey/etcd of throughput, p99 and server CPU."""
    parts = []
    for label, field in (("rate", "ops_per_s"), ("p50", "p50_us"), ("p99", "p99_us"),
                         ("CPU", "server_cpu_us_per_op")):
        base = median(etcd, field)
        parts.append(f"{label} {number(median(grey, field) / base)}" if base > 0 else f"{label} -")
    return ", ".join(parts)


def report(results, options):
    """The markdown table; `results` maps a system's name to its reports."""
    lines = [f"Three nodes each on loopback, one machine with {os.cpu_count()} cores, values of "
             f"{options.value_size} bytes, {options.keys:,} keys; medians of {options.runs} runs "
             f"of {options.seconds:g} s.", "",
             "| work, connections | system | ops/s | min..max | p50 / p99 / p99.9 ms "
             "| server CPU µs/op | client CPU µs/op | RSS MiB per server | longest gap ms "
             "| errors | other cores | grey / etcd |",
             "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for phase in options.phases:
        for connections in options.connections:
            found = {name: reports[(phase, connections)] for name, reports in results.items()
                     if (phase, connections) in reports}
            for name, runs in found.items():
                both = name == "grey" and "etcd" in found
                lines.append(table_row(f"{PHASES[phase][1]}, {connections}", name, runs,
                                       ratios(found["grey"], found["etcd"]) if both else ""))
    for name, reports in results.items():
        for runs in list(reports.values())[:1]:
            idle = " ".join(f"{value:.0f}" for value in runs[0]["rss_idle_mib"])
            lines += ["", f"{name}: RSS of the empty servers just after start, MiB: {idle}"]
    return "\n".join(lines)


def comma_list(text):
    return [item for item in text.split(",") if item]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", required=True, help="holds bin/greyd and lib/grey/plugins")
    parser.add_argument("--etcd-bench", default="", help=argparse.SUPPRESS)
    parser.add_argument("--grey-bench", default="", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=10, help="measured time of a run (10)")
    parser.add_argument("--warmup", type=float, default=1, help="time before it (1)")
    parser.add_argument("--runs", type=int, default=3, help="runs per line of the table (3)")
    parser.add_argument("--only", choices=["grey", "etcd"], help="measure one of the two")
    parser.add_argument("--connections", type=comma_list, default=["1", "64", "256"],
                        help="comma-separated (1,64,256)")
    parser.add_argument("--phases", type=comma_list, default=list(PHASES),
                        help="comma-separated, in this order: " + ",".join(PHASES))
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--value-size", type=int, default=256)
    parser.add_argument("--work-dir", default="/var/tmp", help="on a real disk (/var/tmp)")
    parser.add_argument("--keep", action="store_true", help="keep data, configs and logs")
    parser.add_argument("--json", metavar="FILE", help="write every run's figures there as well")
    options = parser.parse_args()
    unknown = [phase for phase in options.phases if phase not in PHASES]
    if unknown:
        parser.error(f"unknown phase {unknown[0]}; known: {', '.join(PHASES)}")
    if not all(text.isdigit() and int(text) > 0 for text in options.connections):
        parser.error("--connections takes whole numbers above 0")
    options.connections = [int(text) for text in options.connections]
    options.phases = [phase for phase in PHASES if phase in options.phases]
    if options.runs < 1 or options.seconds <= 0 or options.warmup < 0:
        parser.error("--runs, --seconds or --warmup is out of range")
    return options


def require_real_disk(folder):
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True,
                          check=False).stdout.strip()
    if kind in ("tmpfs", "ramfs"):
        raise BenchError(f"{folder} is {kind}: syncing to memory proves nothing, give a --work-dir "
                         "on a disk")


def run(options):
    require_real_disk(options.work_dir)
    folder = tempfile.mkdtemp(prefix="grey-compare-", dir=options.work_dir)
    results = {}
    try:
        if options.only != "etcd":
            measure_system(GreyCluster(folder, options.build_dir), options.grey_bench, options,
                           results.setdefault("grey", {}))
        if options.only != "grey":
            measure_system(EtcdCluster(folder), options.etcd_bench, options,
                           results.setdefault("etcd", {}))
    finally:
        # Also after Ctrl-C: what has been measured so far is printed.
        print(report(results, options))
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump([{"system": name, "phase": phase, "connections": connections,
                            "runs": runs}
                           for name, reports in results.items()
                           for (phase, connections), runs in reports.items()], file, indent=1)
        if options.keep:
            note(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    options = parse_arguments()
    # TERM takes the same way out as Ctrl-C, through every "finally".
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also if started with it ignored
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        run(options)
    except BenchError as error:
        note(f"compare: {error}")
        return 1
    except KeyboardInterrupt:
        note("compare: interrupted, all servers are stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
