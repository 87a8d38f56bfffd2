#!/usr/bin/env python3
"""With --require-marks a run that leaves marks out fails and names them: require_marks_test.py GREYSIM"""
import re
import subprocess
import sys


def run(greysim, *arguments):
    done = subprocess.run([greysim, "--seeds", "1..2", "--nodes", "both", *arguments],
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def names(pattern, text):
    return sorted(re.findall(pattern, text, re.MULTILINE))


def main():
    code, report = run(sys.argv[1])
    assert code == 0, report
    # Marks of the report without a reason, and faults that were counted with 0.
    marks = [mark for mark in names(r"^never reached: (.*)$", report) if "(not required: " not in mark]
    faults = [f'the fault "{name}"' for name in names(r"(?:faults:|,) ([a-z -]+) 0(?=[,;])", report)]
    assert marks and "bit flip" in report, report
    code, strict = run(sys.argv[1], "--require-marks")
    assert code == 1, (code, strict)
    named = names(r"^NEVER REACHED: (.*)$", strict)
    assert named == sorted(marks + faults), (named, marks, faults)


if __name__ == "__main__":
    main()
