#!/usr/bin/env python3
"""One run: a cluster in network namespaces, several processes of clients, faults from one seed; then
all faults end, and everything is judged:

- the cluster becomes healthy, and every shard takes writes again,
- every acknowledged key is there, through every node, and the replicas are equal,
- every register's history is linearizable, reads through every node after all faults included.

Prints one line of figures. A failing run keeps its directory (logs of the nodes, histories, what the
nemesis did) and says how to run it again: the same seed makes the same faults at the same times,
though not the same run."""
import argparse
import json
import os
import random
import subprocess
import sys
import time

import namespaces
import paths
from harness import (Cluster, NotInTime, Settings, add_arguments, set_up, shard_tags, wait_until)
from nemesis import FAULTS, Nemesis
from workload import RegisterLoad, check_kept, expected_inserts, judge, replica_differences

HEALTHY_LIMIT_S = 60  # after the last fault
# Seconds of load on the healed cluster, which every shard must take. The one client that a shard has
# for inserts may find two connections in a row that packet loss has slowed, and gives each up after 3 s.
LOAD_AFTER_S = 8
PROCESSES = 3  # of clients on registers
INSERT_PREFIX = "inserts"
NUMBERS = 10 ** 9  # that each process may write


class Run:
    def __init__(self, options):
        self.options = options
        self.choose = random.Random(options.seed)
        self.network = namespaces.Namespaces(options.nodes)
        self.cluster = Cluster(options.nodes, network=self.network)
        self.began = time.monotonic()
        self.diary = open(os.path.join(self.cluster.directory, "nemesis.log"), "w",
                          encoding="utf-8", buffering=1)
        self.clients = []
        self.outcomes = {}

    def log(self, text):
        self.diary.write(f"{time.monotonic():.3f} (+{time.monotonic() - self.began:.3f}) {text}\n")

    def run(self):
        """Sentences on what is wrong, and the figures."""
        problems, figures = [], {}
        self.cluster.start().wait_healthy(limit_s=60)
        self.start_clients()
        time.sleep(1)
        nemesis = Nemesis(self.cluster, self.network, self.choose, self.options.faults, self.log)
        nemesis.run(self.options.seconds)
        nemesis.end_faults()
        healed = time.monotonic()
        figures["faults"] = sum(nemesis.counts.values())
        try:
            figures["healthy after"] = f"{self.cluster.wait_healthy(HEALTHY_LIMIT_S):.1f} s"
            time.sleep(LOAD_AFTER_S)
        except NotInTime as error:
            problems.append(f"after all faults: {error}")
        resumed = time.monotonic()
        problems += self.stop_clients()
        if not problems:
            problems += self.judge_inserts(healed, resumed, figures)
        problems += self.judge_registers(bool(problems), figures)
        return problems, figures

    # Clients

    def start_clients(self):
        nodes = [[node.id, node.host, node.api_port] for node in self.cluster.nodes]
        tags = shard_tags()
        self.keys = []
        for number in range(PROCESSES):
            keys = [f"registers/{{{tag}}}" for tag in tags[number::PROCESSES]]
            self.keys += keys
            self.start_client({"kind": "registers", "nodes": nodes, "keys": keys, "clients": 12,
                               "seed": self.options.seed * 100 + number, "pace_s": 0.02,
                               "first_number": number * NUMBERS + 1,
                               "output": self.file(f"history-{number}")})
        self.start_client({"kind": "inserts", "nodes": nodes, "prefix": INSERT_PREFIX,
                           "pace_s": 0.2, "output": self.file("inserts")})

    def start_client(self, spec):
        with open(self.file(f"clients-{len(self.clients)}.log"), "wb") as errors:
            self.clients.append(subprocess.Popen(
                [sys.executable, os.path.join(paths.FAULTS_DIR, "clients.py"), json.dumps(spec)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True))

    def stop_clients(self):
        problems = []
        for number, client in enumerate(self.clients):
            client.stdin.close()
        for number, client in enumerate(self.clients):
            output = client.stdout.read()
            if client.wait(90) != 0:
                with open(self.file(f"clients-{number}.log"), encoding="utf-8") as file:
                    problems.append(f"clients {number} failed: {file.read()}")
                continue
            for outcome, count in json.loads(output).items():
                self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        return problems

    # Judgement

    def judge_inserts(self, healed, resumed, figures):
        with open(self.file("inserts"), encoding="utf-8") as file:
            inserts = json.load(file)
        figures["inserts"] = sum(inserts["acknowledged"])
        problems = [f"shard {shard} took no write between {healed:.3f} and {resumed:.3f}"
                    for shard, last in enumerate(inserts["last_ack"]) if last < healed]
        problems += check_kept(expected_inserts(INSERT_PREFIX, inserts["acknowledged"]),
                               self.cluster.nodes, INSERT_PREFIX)
        seen = []

        def equal():
            seen[:] = replica_differences(self.cluster.nodes)
            return not seen

        try:
            self.cluster.wait_caught_up()
            wait_until(equal, 10, lambda: f"replicas are equal: {seen}", interval_s=0.2)
        except NotInTime as error:
            problems.append(str(error))
        return problems

    def judge_registers(self, broken, figures):
        files = [self.file(f"history-{number}") for number in range(PROCESSES)]
        last = RegisterLoad([], self.keys, clients=0)
        try:
            last.read_everywhere(self.cluster.nodes)
        except AssertionError as error:
            if not broken:
                return [str(error)]
        files.append(self.file("history-last"))
        with open(files[-1], "w", encoding="utf-8") as file:
            file.writelines(last.lines)
        status, text = judge([file for file in files if os.path.exists(file)])
        figures["registers"] = text.splitlines()[-1] if text else ""
        return [] if status == 0 else [text]

    def file(self, name):
        return os.path.join(self.cluster.directory, name)

    def close(self, keep):
        self.diary.close()
        for client in self.clients:
            if client.poll() is None:
                client.kill()
                client.wait(10)
        self.cluster.close(keep=keep)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60, help="of faults")
    parser.add_argument("--seed", type=int, default=None, help="by default another each time")
    parser.add_argument("--nodes", type=int, choices=(3, 5), default=3)
    parser.add_argument("--faults", default=",".join(FAULTS), metavar="NAME,...",
                        help=f"of {', '.join(FAULTS)}; by default all")
    options = parser.parse_args()
    options.faults = options.faults.split(",")
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if options.seed is None:
        options.seed = random.randrange(1, 1 << 31)
    return options


def main():
    options = parse()
    set_up(options, watchdog_s=options.seconds + 400)
    namespaces.skip_unless_available()
    run = Run(options)
    problems, figures = ["it did not come to its end"], {}
    try:
        problems, figures = run.run()
    finally:
        failed = bool(problems)
        line = ", ".join(f"{name} {value}" for name, value in figures.items())
        print(f"seed {options.seed}, {options.nodes} nodes, {options.seconds:g} s: "
              f"{'FAILED' if failed else 'good'}; {line}; answers {run.outcomes}", flush=True)
        for problem in problems:
            print(problem, flush=True)
        run.close(keep=failed or options.keep)
        if failed:
            print(f"again: {sys.executable} {os.path.realpath(__file__)} --build-dir "
                  f"{Settings.build_dir} --seed {options.seed} --nodes {options.nodes} --seconds "
                  f"{options.seconds:g} --faults {','.join(options.faults)}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
