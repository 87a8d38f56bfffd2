"""Runs seeds of greysim several times, linked and from the .so files, and compares trace hashes."""

import re
import subprocess
import sys


def trace_hash(greysim, seed, nodes, target, plugins):
    command = [greysim, "--seed", str(seed), "--nodes", str(nodes), "--target", target,
               "--plugins", plugins]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found = re.search(r"^trace hash ([0-9a-f]+)$", run.stdout, re.MULTILINE)
    if run.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout[-4000:]}")
    return found.group(1)


def main():
    greysim, plugins = sys.argv[1:]
    failed = False
    hashes = set()
    for seed, nodes, target in [(1, 3, "registers"), (2, 5, "registers"), (3, 3, "kv")]:
        runs = [trace_hash(greysim, seed, nodes, target, where)
                for where in ("static", "static", plugins)]
        hashes.add(runs[0])
        print(f"seed {seed}, {nodes} nodes, {target}: {' '.join(runs)}")
        failed = failed or len(set(runs)) != 1
    if failed:
        sys.exit("the same seed gave different runs")
    if len(hashes) == 1:
        sys.exit("different seeds gave the same run: the hash shows nothing")


main()
