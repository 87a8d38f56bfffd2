#!/usr/bin/env python3
"""The rules of the tree that a compiler does not know: which folder may include which, how long a file
or a function may be, and calls that have a better replacement here. Run by ctest; --self-test plants
each fault in a copy and expects it to be found."""

import os
import re
import sys
import tempfile

# What a folder's files may include besides their own folder and the C++ and system libraries.
# sdk stands on nothing; kernel and plugins on the sdk; a plugin on no other plugin; the CLI on the
# descriptor's layout alone.
KERNEL = re.compile(r"^(config|plugin|host|peers|daemon)/")
SDK = re.compile(r"^grey/")

MAX_HEADER, MAX_SOURCE, MAX_FUNCTION, MAX_COLUMNS = 250, 500, 70, 100

# Calls whose replacement is better, each with what to use.
BANNED = [
    (re.compile(r"\b(sprintf|strcpy|strcat|gets)\("), "std::string or std::snprintf", r"^(sdk/testkit/|tests/)|_test\.cc$"),
    (re.compile(r"\bstd::(rand|srand)\b|\brand\(\)"), "the host's Random", r"^tests/"),
    (re.compile(r"\bsystem_clock::now|\bsteady_clock::now|\bclock_gettime\("),
     "Clock or Loop::now_ns of the host", r"^(kernel/host/|kernel/daemon/|sdk/testkit/|tests/|cli/)|_test\.cc$|_benchmark\.cc$|^kernel/plugin/manual_loop"),
    (re.compile(r"\bstd::this_thread::sleep_for|\busleep\(|(?<![_\w])sleep\("),
     "a timer, or a wait for the event itself", r"^(tests/bench/|kernel/host/)|_test\.cc$"),
]


def source_files(root):
    for top in ("sdk", "kernel", "plugins", "cli", "tests"):
        for folder, subfolders, names in os.walk(os.path.join(root, top)):
            subfolders[:] = [s for s in sorted(subfolders) if s not in ("build",)]
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def local_plugins(root):
    plugins = os.path.join(root, "plugins")
    return sorted(p for p in os.listdir(plugins) if os.path.isdir(os.path.join(plugins, p)))


def exists_beside(root, path, include):
    """Whether `include` names a file of the including file's own folder tree (its plugin, or cli)."""
    parts = path.split("/")
    depth = 2 if parts[0] == "plugins" else 1
    for cut in range(len(parts) - 1, depth - 1, -1):
        if os.path.exists(os.path.join(root, *parts[:cut], include)):
            return True
    return False


def check_order(root, path, text):
    """A source file includes its own header first: so each such header is seen to compile alone.
    headers_test.py compiles the others."""
    header = path[:-len(".cc")] + ".h"
    if not path.endswith(".cc") or not os.path.exists(os.path.join(root, header)):
        return
    first = re.search(r'^\s*#\s*include\s+["<]([^">]+)[">]', text, re.M)
    if not first or not ("/" + header).endswith("/" + first.group(1)):
        yield f"{path}: the first include is not its own header"


def check_includes(root, path, text):
    top = path.split("/")[0]
    is_test = path.endswith("_test.cc") or re.search(r"/(testing|fake_|[a-z_]*_fixture)", path)
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not match:
            continue
        include = match.group(2)
        where = f"{path}:{number}: "
        if match.group(1) == "<":
            if SDK.match(include) or KERNEL.match(include) or exists_beside(root, path, include):
                yield where + f"<{include}> is a file of the tree: include it with quotes"
            continue
        if ".." in include.split("/"):
            yield where + f'"{include}" climbs out of its folder'
        elif SDK.match(include):
            testkit = include.startswith("grey/testkit/")
            if testkit and not (is_test or path.startswith(("sdk/testkit/", "tests/"))):
                yield where + f'"{include}": only tests stand on the testkit'
            if top == "cli" and include != "grey/plugin.h":
                yield where + f'"{include}": the CLI speaks HTTP and knows no more of the SDK than plugin.h'
        elif top == "sdk":
            if path.startswith("sdk/testkit/sim") or exists_beside(root, path, include):
                continue
            yield where + f'"{include}": the SDK stands on nothing but the language'
        elif top == "kernel":
            if not KERNEL.match(include) and not exists_beside(root, path, include):
                yield where + f'"{include}": the kernel includes itself and the SDK'
        elif top == "plugins":
            if exists_beside(root, path, include):
                continue
            if is_test and include.startswith("memory_storage"):
                continue  # the engine without a disk stands in for engines in tests of others
            what = "the kernel" if KERNEL.match(include) else "another plugin or an unknown file"
            yield where + f'"{include}" is of {what}: a plugin includes itself and the SDK'
        elif top == "cli" and include != "version.h" and not exists_beside(root, path, include):
            yield where + f'"{include}": the CLI includes itself only'


def check_sizes(path, text):
    lines = text.split("\n")
    limit = MAX_HEADER if path.endswith(".h") else MAX_SOURCE
    if len(lines) - 1 > limit:
        yield f"{path}: {len(lines) - 1} lines; at most {limit}: split it by question"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS and "http" not in line:
            yield f"{path}:{number}: {len(line)} columns; at most {MAX_COLUMNS}"
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"^[A-Za-z].*[({,]$", line) and not re.match(
                r"^([A-Z_]+\(|namespace|class|struct|enum|union|extern|#|using|typedef|template|constexpr|const )", line):
            start = start or number
        elif re.match(r"^}", line):
            if start and number - start + 1 > MAX_FUNCTION:
                yield f"{path}:{start}: a function of {number - start + 1} lines; at most {MAX_FUNCTION}"
            start = None
        elif line.endswith(";") and re.match(r"^\S", line):
            start = None


def check_calls(path, text):
    for pattern, instead, allowed in BANNED:
        if re.search(allowed, path):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if pattern.search(line.split("//")[0]):
                yield f"{path}:{number}: use {instead} instead"


def check_guard(path, text):
    if path.endswith(".h") and not re.search(r"^#ifndef GREY\w*_H_$", text, re.M):
        yield f"{path}: no include guard GREY..._H_"


def check(root):
    problems = []
    for path in source_files(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        for rule in (lambda: check_includes(root, path, text), lambda: check_sizes(path, text),
                     lambda: check_order(root, path, text),
                     lambda: check_calls(path, text), lambda: check_guard(path, text)):
            problems.extend(rule())
    return problems


PLANTED = {
    "plugins/a/x.cc": ('#include "host/loop_group.h"\n', "the kernel"),
    "plugins/a/y.cc": ('#include "only_in_b.h"\n', "another plugin"),
    "kernel/plugin/x.cc": ('#include "service.h"\n', "the kernel includes itself"),
    "sdk/include/grey/x.h": ('#ifndef GREY_X_H_\n#include "host/x.h"\n', "the SDK stands on nothing"),
    "cli/x.cc": ('#include "grey/host.h"\n', "no more of the SDK"),
    "plugins/a/z.cc": ('#include "../b/only_in_b.h"\n', "climbs out"),
    "plugins/a/long.h": ("#ifndef GREY_L_H_\n" + "int x;\n" * 300, "at most 250"),
    "plugins/a/wide.cc": ("// " + "x" * 120 + "\n", "at most 100"),
    "plugins/a/call.cc": ("void f() { sprintf(a, b); }\n", "use std::string"),
    "plugins/a/clock.cc": ("auto t = std::chrono::steady_clock::now();\n", "Loop::now_ns"),
    "plugins/a/angled.cc": ("#include <host/loop_group.h>\n", "with quotes"),
    "kernel/peers/angled.cc": ("#include <grey/host.h>\n", "with quotes"),
    "plugins/a/own.cc": ('#include <vector>\n\n#include "own.h"\n', "not its own header"),
    "plugins/a/guard.h": ("int x;\n", "no include guard"),
    "plugins/a/function.cc": ("int f(\n    int x) {\n" + "  x;\n" * 80 + "}\n", "a function of"),
}


def self_test():
    for path, (text, expected) in PLANTED.items():
        with tempfile.TemporaryDirectory() as root:
            for folder in ("plugins/a", "plugins/b", "kernel", "sdk", "cli", "tests"):
                os.makedirs(os.path.join(root, folder))
            with open(os.path.join(root, "plugins/b/only_in_b.h"), "w", encoding="utf-8") as file:
                file.write("#ifndef GREY_B_H_\n")
            with open(os.path.join(root, "plugins/a/own.h"), "w", encoding="utf-8") as file:
                file.write("#ifndef GREY_OWN_H_\n")
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
            found = check(root)
            if not any(p.startswith(path) and expected in p for p in found):
                return [f"the fault planted in {path} was not found; found: {found}"]
    return []


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    problems = self_test() if "--self-test" in sys.argv else check(root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
