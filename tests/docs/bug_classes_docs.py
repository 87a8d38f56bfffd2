#!/usr/bin/env python3
"""The table of other systems' mistakes in docs/testing.md: every row B1 to B40 is there and names a
test that exists, or says why there is none yet.

    bug_classes_docs.py CTEST BUILD_DIR

Names with a dot are looked for in the sources, of googletest and of unittest; names without one among
ctest's tests of BUILD_DIR.
"""

import ast
import fnmatch
import json
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ROWS = 40
FOLDERS = ("sdk", "kernel", "plugins", "cli", "tests")


def tests_in_sources(root):
    """Suite.Name of every test that is not disabled."""
    found = set()
    for top in FOLDERS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith("_test.cc"):
                    with open(path, encoding="utf-8") as file:
                        found |= {f"{suite}.{test}" for suite, test in re.findall(
                            r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", file.read(), re.M)
                            if not test.startswith("DISABLED_")}
                elif name.endswith("_test.py"):
                    with open(path, encoding="utf-8") as file:
                        tree = ast.parse(file.read())
                    found |= {f"{each.name}.{method.name}" for each in tree.body
                              if isinstance(each, ast.ClassDef) for method in each.body
                              if isinstance(method, ast.FunctionDef) and
                              method.name.startswith("test")}
    return found


def tests_of_ctest(ctest, build_dir):
    listed = subprocess.run([ctest, "--test-dir", build_dir, "--show-only=json-v1"],
                            check=True, capture_output=True, text=True, timeout=60).stdout
    disabled = {"name": "DISABLED", "value": True}
    return {test["name"] for test in json.loads(listed)["tests"]
            if disabled not in test.get("properties", [])}


def problems_of(document, known):
    rows = re.findall(r"^\| B(\d+) \| ([^|]*) \| ([^|]*) \|$", document, re.M)
    numbers = [int(number) for number, _, _ in rows]
    if numbers != list(range(1, ROWS + 1)):
        yield f"the rows are {numbers}, not 1 to {ROWS}"
    for number, what, tests in rows:
        named = re.findall(r"`([\w.*]+)`", tests)
        if not what.strip() or (not named and not re.search(r"not yet: \w", tests)):
            yield f"B{number} names neither a test nor a reason why there is none yet"
        for pattern in named:
            if not fnmatch.filter(known, pattern):
                yield f"B{number}: there is no test {pattern}"


def self_test():
    """Whether each kind of fault is found."""
    good = "".join(f"| B{number} | something | `Suite.Name` |\n" for number in range(1, ROWS + 1))
    known = {"Suite.Name"}
    bad = [good.replace("| B7 | something | `Suite.Name` |\n", ""),
           good.replace("| B7 | something | `Suite.Name` |", "| B7 | something | `Suite.Nam` |"),
           good.replace("| B7 | something | `Suite.Name` |", "| B7 | something | `Other.*` |"),
           good.replace("| B7 | something | `Suite.Name` |", "| B7 | something |  |"),
           good.replace("| B7 | something | `Suite.Name` |", "| B7 | something | not yet: |")]
    missed = [text for text in bad if not list(problems_of(text, known))]
    return [f"the fault in this table is not found:\n{text}" for text in missed] + list(
        problems_of(good.replace("`Suite.Name` |", "`S*.N*`, not yet: time |", 1), known))


def main():
    ctest, build_dir = sys.argv[1:]
    with open(os.path.join(ROOT, "docs", "testing.md"), encoding="utf-8") as file:
        document = file.read()
    known = tests_in_sources(ROOT) | tests_of_ctest(ctest, build_dir)
    problems = self_test() + list(problems_of(document, known))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
