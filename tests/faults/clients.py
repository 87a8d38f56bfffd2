#!/usr/bin/env python3
"""One process of clients: the loads of tests/cluster/workload.py, in a process of their own so that
several use several cores. Runs until its standard input ends, then leaves what it knows.

Argument: a JSON document {"kind": "registers" | "inserts", "nodes": [[id, host, port]], "keys" |
"prefix", "clients", "seed", "first_number", "pace_s", "output"}. Writes `output`: of registers their
history, of inserts {"acknowledged": [a number a shard], "last_ack": [seconds a shard]}. Prints the
outcomes as JSON."""
import itertools
import json
import sys

import paths  # noqa: finds the harness
from harness import Endpoint
from workload import InsertLoad, RegisterLoad


def registers(spec, nodes):
    load = RegisterLoad(nodes, spec["keys"], spec["clients"], spec["pace_s"], spec["seed"],
                        itertools.count(spec["first_number"]), request_timeout="2s",
                        client_timeout_s=3)
    run(load)
    with open(spec["output"], "w", encoding="utf-8") as file:
        file.writelines(load.lines)
    return load


def inserts(spec, nodes):
    load = InsertLoad(nodes, spec["prefix"], spec["pace_s"], client_timeout_s=3)
    run(load)
    with open(spec["output"], "w", encoding="utf-8") as file:
        json.dump({"acknowledged": load.acknowledged, "last_ack": load.last_acknowledged()}, file)
    return load


def run(load):
    with load:
        sys.stdin.read()


def main():
    spec = json.loads(sys.argv[1])
    nodes = [Endpoint(*each) for each in spec["nodes"]]
    load = {"registers": registers, "inserts": inserts}[spec["kind"]](spec, nodes)
    print(json.dumps({str(outcome): count for outcome, count in load.outcomes.items()}))


if __name__ == "__main__":
    main()
