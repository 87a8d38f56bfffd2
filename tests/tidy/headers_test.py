#!/usr/bin/env python3
"""Each header that is not some source file's first include compiles alone. (The others do: the file
that includes them first compiles.)

    headers_test.py COMPILER
"""

import concurrent.futures
import os
import re
import subprocess
import sys

from tidy_test import source_files

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def first_includes():
    for path in source_files(ROOT):
        if path.endswith(".cc"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                found = re.search(r'^\s*#\s*include\s+"([^"]+)"', file.read(), re.M)
            if found:
                yield path, found.group(1)


def folders_of(path):
    """Where includes of this file are looked for: the SDK, and what its own part may include."""
    parts = path.split("/")
    folders = ["sdk/include"]
    if parts[0] == "plugins":
        folders += ["/".join(parts[:2]), "sdk/testkit/include", "plugins/storage_memory"]
    elif parts[0] == "kernel":
        folders += ["kernel", "sdk/testkit/include"]
    elif parts[0] == "tests":
        folders += [os.path.dirname(path), "kernel", "sdk/testkit/include"]
    else:
        folders += [parts[0], "sdk/testkit/include", os.path.dirname(path), "sdk/testkit", "kernel"]
    return [os.path.join(ROOT, folder) for folder in folders]


def compiled(compiler, path):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", "-w",
               *(f"-I{folder}" for folder in folders_of(path)),
               os.path.join(ROOT, path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return "" if done.returncode == 0 else f"{path} does not compile alone:\n{done.stderr[:2000]}"


def main():
    (compiler,) = sys.argv[1:]
    seen_first = set()
    for path, include in first_includes():
        seen_first |= {os.path.relpath(os.path.join(folder, include), ROOT)
                       for folder in [*folders_of(path), os.path.join(ROOT, os.path.dirname(path))]}
    headers = [path for path in source_files(ROOT)
               if path.endswith(".h") and path not in seen_first]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(
            lambda path: compiled(compiler, path), headers) if problem]
    for problem in problems:
        print(problem)
    print(f"{len(headers)} headers compiled, {len(problems)} problems")
    return 1 if problems or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
