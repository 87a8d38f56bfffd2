#!/usr/bin/env python3
"""Has config/'s files for Prometheus, HAProxy and nginx judged by the programs that read them.

    config_files.py prometheus|haproxy|nginx

Exits 77, which ctest shows as skipped, when the program is not installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = os.path.join(HERE, "..", "..", "config")
SKIPPED = 77


def program(name):
    """Debian keeps daemons where a user's PATH does not reach."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        print(f"skipped: {name} is not installed")
        sys.exit(SKIPPED)
    return path


def shipped(name):
    with open(os.path.join(CONFIG, name), encoding="utf-8") as file:
        return file.read()


def on_loopback(text):
    """The nodes' names stand for the reader's own; a check would look them up."""
    found, count = re.subn(r"\bnode-\d+\.grey\.internal\b", "127.0.0.1", text)
    assert count == 3, f"{count} nodes are named, not 3"
    return found


def judged(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=50, check=False)
    if done.returncode != 0:
        print(done.stdout)
    return done.returncode == 0


def prometheus():
    promtool = program("promtool")
    scraped = re.findall(r"^ +scrape_interval: (\S+)$", shipped("prometheus.yml"), re.M)
    with open(os.path.join(HERE, "alerts_test.yml"), encoding="utf-8") as file:
        tested = re.findall(r"^ +-? ?interval: (\S+)$", file.read(), re.M)
    if len(scraped) != 1 or set(tested) != set(scraped):
        # A rule's window holds as many samples as the interval says: with few it never fires.
        print(f"scraped every {scraped}, but the rules are tested with {tested}")
        return False
    return all([judged(promtool, "check", "config", os.path.join(CONFIG, "prometheus.yml")),
                judged(promtool, "check", "rules", os.path.join(CONFIG, "alerts.yml")),
                judged(promtool, "test", "rules", os.path.join(HERE, "alerts_test.yml"))])


def haproxy():
    executable = program("haproxy")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(on_loopback(shipped("haproxy.cfg")))
        return judged(executable, "-c", "-f", path)


def nginx():
    executable = program("nginx")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "nginx.conf")
        # A check makes these folders, by default where only root may.
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
                       f"http {{\naccess_log off;\n{temporary}{on_loopback(shipped('nginx.conf'))}}}\n")
        return judged(executable, "-t", "-p", folder, "-c", path)


if __name__ == "__main__":
    sys.exit(0 if {"prometheus": prometheus, "haproxy": haproxy, "nginx": nginx}[sys.argv[1]]()
             else 1)
