#!/usr/bin/env python3
"""The daemon as a process: command line, refusals, signals. Run: greyd_test.py GREYD TEST_PLUGINS"""
import contextlib
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

GREYD = ""
TEST_PLUGINS = ""
DEADLINE_S = 40  # of one process; none needs more than a moment on an idle machine


def free_ports(count):
    """From below the range of the system's own choices, so that no outgoing connection takes one
    between here and the start of the process that listens on it."""
    ports = []
    for port in random.sample(range(20000, 32000), 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free port on loopback")


class Process:
    """A running greyd; its lines are read as they come."""

    def __init__(self, command, env=None):
        self.popen = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        self.output = ""
        self.killer = threading.Timer(DEADLINE_S, self.popen.kill)
        self.killer.start()

    def wait_for(self, text):
        for line in self.popen.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}:\n{self.output}")

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self):
        """Exit status; all output is then in self.output."""
        self.output += self.popen.stdout.read()
        status = self.popen.wait()
        self.close()
        return status

    def close(self):
        self.killer.cancel()
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()


class GreydTest(unittest.TestCase):
    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="greyd_test_"))
        self.addCleanup(shutil.rmtree, self.root)
        self.plugins = os.path.join(self.root, "lib/grey/plugins")
        os.makedirs(self.plugins, mode=0o755)
        os.makedirs(os.path.join(self.root, "bin"))
        self.greyd = os.path.join(self.root, "bin/greyd")
        shutil.copy2(GREYD, self.greyd)
        for plugin in glob.glob(os.path.join(TEST_PLUGINS, "node", "*.so")):
            self.install(plugin)
        self.data_dir = os.path.join(self.root, "data")
        self.ports = free_ports(4)

    def install(self, plugin):
        copy = shutil.copy2(plugin, self.plugins)
        os.chmod(copy, 0o755)
        return copy

    def write_config(self, more="", node_id="node-1", name="grey.yaml"):
        path = os.path.join(self.root, name)
        api, raft, gossip, metrics = self.ports
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""node: {{id: {node_id}, data_dir: {self.data_dir}}}
network:
  api_addr: 127.0.0.1:{api}
  raft_addr: 127.0.0.1:{raft}
  gossip_addr: 127.0.0.1:{gossip}
  metrics_addr: 127.0.0.1:{metrics}
  advertise_host: localhost
storage: {{engine: memory, shards: 8}}
runtime: {{loops: 2}}
{more}
""")
        return path

    def run_to_end(self, *arguments, env=None):
        process = Process([self.greyd, *arguments], env)
        return process.wait(), process.output

    def start(self, config, until="started"):
        process = Process([self.greyd, "--config", config])
        self.addCleanup(process.close)
        process.wait_for(until)
        return process

    # The command line

    def test_version_and_help(self):
        status, output = self.run_to_end("--version")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"^greyd \d+\.\d+\.\d+ \(SDK \d+\.\d+\)\n$")
        status, output = self.run_to_end("--help")
        self.assertEqual(status, 0)
        self.assertIn("Example:", output)

    def test_config_reference(self):
        status, output = self.run_to_end("--config-reference")
        self.assertEqual(status, 0)
        self.assertIn("bootstrap_expect", output)

    def test_wrong_usage(self):
        for arguments in ([], ["--conf", "x"], ["grey.yaml"], ["--config"]):
            status, output = self.run_to_end(*arguments)
            self.assertEqual(status, 64, arguments)
            self.assertIn("see greyd --help", output)

    # --check

    def test_check_prints_the_composition_and_touches_nothing(self):
        config = self.write_config()
        marker = os.path.join(self.root, "marker")
        status, output = self.run_to_end(
            "--config", config, "--check", env={**os.environ, "GREY_TEST_MARKER": marker})
        self.assertEqual(status, 0, output)
        self.assertTrue(output.startswith(f"{config}: ok\n"), output)
        kinds = re.findall(r"^  (\w+ \w+) 1\.2\.3 \(" + self.plugins, output, re.M)
        self.assertEqual(kinds, ["transport tcp", "consensus raft", "storage memory",
                                 "membership swim", "metrics prometheus", "service kv",
                                 "api http"])
        self.assertFalse(os.path.exists(self.data_dir))
        self.assertFalse(os.path.exists(marker), "code of a plugin has run")

    def test_unknown_keys_are_refused_all_at_once(self):
        config = self.write_config("consensus: {election_timout: 1s}\nfoo: 1")
        for arguments in (["--check"], []):
            status, output = self.run_to_end("--config", config, *arguments)
            self.assertEqual(status, 78)
            self.assertIn(f"{config}:10:", output)
            self.assertIn('did you mean "election_timeout"?', output)
            self.assertIn(f"{config}:11:1: foo: unknown key", output)
        self.assertFalse(os.path.exists(self.data_dir))

    def test_missing_plugins_and_bad_options_are_refused(self):
        config = self.write_config("""security:
  tls: {enabled: true, cert_file: /c, key_file: /k, ca_file: /a}
plugins: {options: {raft: {workers: 99}}}""")
        status, output = self.run_to_end("--config", config, "--check")
        self.assertEqual(status, 78)
        self.assertRegex(output, r"grey\.yaml:11:\d+: security\.tls\.enabled: asks for the "
                                 r"transport plugin \"tls\", which is not in " + self.plugins)
        self.assertIn("plugins.options.raft.workers", output)

    def test_a_plugin_of_another_sdk_is_refused_before_it_runs(self):
        self.install(os.path.join(TEST_PLUGINS, "odd", "other_sdk.so"))
        config = self.write_config(
            "security: {tls: {enabled: true, cert_file: /c, key_file: /k, ca_file: /a}}")
        marker = os.path.join(self.root, "marker")
        status, output = self.run_to_end(
            "--config", config, env={**os.environ, "GREY_TEST_MARKER": marker})
        self.assertEqual(status, 78)
        self.assertRegex(output, r"other_sdk\.so: is built with SDK 9\.\d+, this greyd has SDK")
        self.assertFalse(os.path.exists(marker), "code of a plugin has run")

    def test_a_plugin_that_others_may_write_is_refused(self):
        os.chmod(os.path.join(self.plugins, "api_http.so"), 0o777)
        status, output = self.run_to_end("--config", self.write_config(), "--check")
        self.assertEqual(status, 78)
        self.assertIn("may be written to by others", output)

    # Running

    def test_runs_and_stops_in_order(self):
        process = self.start(self.write_config("plugins: {options: {http: {behaviour: dump}}}"))
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0, process.output)
        events = re.findall(r"\[(\w+)\] test: (start|drain|stop)$", process.output, re.M)
        order = ["tcp", "raft", "memory", "swim", "prometheus", "kv", "http"]
        self.assertEqual(events, [(name, "start") for name in order] +
                         [(name, "drain") for name in reversed(order)] +
                         [(name, "stop") for name in reversed(order)])
        self.assertIn(f"node-1 at localhost:{self.ports[1]}, workers 4, shards 8, peers there",
                      process.output)
        document = json.loads(re.search(r"peers there, (.*)$", process.output, re.M).group(1))
        self.assertEqual([plugin["name"] for plugin in document["plugins"]], order)
        self.assertEqual(os.stat(self.data_dir).st_mode & 0o7777, 0o750)

    def test_identity_survives_and_binds_the_data_to_the_node(self):
        identity = os.path.join(self.data_dir, "identity")
        contents = []
        for _ in range(2):
            process = self.start(self.write_config())
            process.signal(signal.SIGINT)
            self.assertEqual(process.wait(), 0, process.output)
            with open(identity, encoding="utf-8") as file:
                contents.append(file.read())
        self.assertEqual(contents[0], contents[1])
        status, output = self.run_to_end("--config", self.write_config(node_id="node-2"))
        self.assertEqual(status, 1)
        self.assertIn('belongs to the node "node-1"', output)

    def test_a_second_process_on_the_data_is_refused_with_the_pid(self):
        config = self.write_config()
        first = self.start(config)
        status, output = self.run_to_end("--config", config)
        self.assertEqual(status, 1)
        self.assertIn(f"is in use by the process with pid {first.popen.pid}:", output)
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0)

    def test_a_port_in_use_is_named_with_its_key(self):
        keys = {0: "network.api_addr", 1: "network.raft_addr", 3: "network.metrics_addr"}
        for index, key in keys.items():
            with socket.socket() as holder:
                holder.bind(("127.0.0.1", self.ports[index]))
                holder.listen()
                status, output = self.run_to_end("--config", self.write_config())
                self.assertEqual(status, 1, output)
                self.assertIn(f"127.0.0.1:{self.ports[index]}", output)
                self.assertIn(key, output)

    def test_a_failed_start_names_the_plugin_and_stops_the_others(self):
        config = self.write_config("plugins: {options: {kv: {behaviour: fail_start}}}")
        status, output = self.run_to_end("--config", config)
        self.assertEqual(status, 1)
        self.assertIn("cannot start: plugin kv: was told to fail", output)
        self.assertIn("[raft] test: stop", output)
        self.assertNotIn("[http] test:", output)

    def test_a_plugin_may_end_the_process(self):
        config = self.write_config("plugins: {options: {kv: {behaviour: quit}}}")
        status, output = self.run_to_end("--config", config)
        self.assertEqual(status, 1)
        self.assertIn("plugin kv ends this process: was told to quit", output)
        self.assertIn("[raft] test: stop", output)

    def test_a_second_signal_ends_it_at_once(self):
        config = self.write_config("plugins: {options: {kv: {behaviour: hang_stop}}}")
        process = self.start(config)
        process.signal(signal.SIGTERM)
        process.wait_for("[kv] test: stop")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 128 + signal.SIGTERM)
        self.assertIn("was waiting for plugin kv", process.output)

    @staticmethod
    def has_pending_signal(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            pending = [line.split()[1] for line in file if line.startswith(("SigPnd", "ShdPnd"))]
        return any(int(mask, 16) for mask in pending)

    def test_a_second_signal_ends_it_although_nobody_reads_the_log(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        popen = subprocess.Popen([self.greyd, "--config", self.write_config()], stderr=write_end)
        killer = threading.Timer(DEADLINE_S, popen.kill)
        killer.start()
        self.addCleanup(killer.cancel)
        seen = b""
        while b"greyd] started" not in seen:
            seen += os.read(read_end, 4096)
        os.set_blocking(read_end, False)
        # Filled through an end of its own: the daemon's end stays a blocking one.
        filler = os.open(f"/proc/self/fd/{write_end}", os.O_WRONLY | os.O_NONBLOCK)
        os.close(write_end)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, b"x" * size)
        popen.send_signal(signal.SIGTERM)
        while self.has_pending_signal(popen.pid):
            pass  # two pending signals of one kind would be one
        popen.send_signal(signal.SIGTERM)
        self.assertEqual(popen.wait(), 128 + signal.SIGTERM)
        os.close(filler)

    def test_a_drain_that_hangs_is_given_up(self):
        config = self.write_config("plugins: {options: {kv: {behaviour: hang_drain}}}")
        process = self.start(config)
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertIn("plugin kv did not drain in time", process.output)
        self.assertIn("[tcp] test: stop", process.output)

    def test_sighup_is_ignored_and_said(self):
        process = self.start(self.write_config())
        process.signal(signal.SIGHUP)
        process.wait_for("ignored: the configuration is read at the start only")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_log_format_json(self):
        process = self.start(self.write_config("log: {format: json}"))
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        for line in process.output.splitlines():
            self.assertIn("message", json.loads(line))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    GREYD, TEST_PLUGINS = os.path.realpath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
