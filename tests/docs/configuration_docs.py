#!/usr/bin/env python3
"""docs/configuration.md, made from where the keys and options are defined: the key table of greyd and
the descriptors of the plugins.

    configuration_docs.py BUILD_DIR          write it
    configuration_docs.py BUILD_DIR --check  fail if it is not what would be written (run by ctest)
"""

import glob
import json
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TARGET = os.path.join(ROOT, "docs", "configuration.md")

HEAD = """# Configuration

Made by `tests/docs/configuration_docs.py` from the key table of `greyd` and the descriptors of the
plugins; do not edit. `config/grey.yaml` is the same as an annotated file, `greyd --config F --check`
says what is wrong with a file, and `greyctl config init` prints a template.

An unknown key, a wrong type or an impossible value is an error that names file, line, column and key,
what was found and what is allowed; greyd then exits with status 78 and has touched nothing. `${NAME}`
in a value is the environment variable NAME, and `$${` a literal `${`.

## Keys

"""

OPTIONS = """## Options of plugins

Under `plugins.options.NAME`, where NAME is the plugin's. Options of a plugin that is not installed are an
error; those of one that is installed and not chosen are checked all the same.

"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def cell(text):
    return text.replace("|", "\\|") if text else ""


def options_of(greyctl, path):
    document = json.loads(run(greyctl, "plugin", "inspect", path, "-o", "json"))
    rows = document.get("options", [])
    if not rows:
        return ""
    text = f"### `{document['name']}`\n\n{document['summary']}.\n\n"
    text += "| Option | Type | Default | Allowed | Meaning |\n|---|---|---|---|---|\n"
    for row in rows:
        default = f"`{row['default']}`" if row.get("default") else ""
        text += (f"| `{row['name']}` | {row['type']} | {default} | {cell(row.get('allowed', ''))} | "
                 f"{cell(row['documentation'])} |\n")
    return text + "\n"


def make(build):
    text = HEAD + run(os.path.join(build, "bin", "grey-config-reference"), "markdown").strip() + "\n\n"
    text += OPTIONS
    greyctl = os.path.join(build, "bin", "greyctl")
    for path in sorted(glob.glob(os.path.join(build, "lib", "grey", "plugins", "*.so"))):
        text += options_of(greyctl, path)
    return text.rstrip() + "\n"


def main():
    text = make(sys.argv[1])
    if "--check" not in sys.argv:
        with open(TARGET, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(TARGET, encoding="utf-8") as file:
        if file.read() == text:
            return 0
    print(f"docs/configuration.md is not what the build says; run {os.path.relpath(__file__, ROOT)} BUILD_DIR")
    return 1


if __name__ == "__main__":
    sys.exit(main())
