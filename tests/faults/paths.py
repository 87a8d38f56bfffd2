"""Importing this makes the harness of tests/cluster importable."""
import os
import sys

FAULTS_DIR = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(FAULTS_DIR, "..", "cluster"))
