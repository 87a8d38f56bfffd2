"""Three-node clusters on loopback, and what their processes use. Standard library only.

A cluster starts its servers, says when they are ready, and stops exactly those, by process id."""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
NODES = (1, 2, 3)
READY_SECONDS = 60
STOP_SECONDS = 15


class BenchError(Exception):
    """Something the user must know; the text says what and where."""


def cpu_seconds(pid):
    """CPU time of a process and its ended threads; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    except (OSError, IndexError):
        return 0.0


def rss_mib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def machine_busy_seconds():
    """CPU time that anybody used on this machine since it started."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return (sum(fields[0:3]) + sum(fields[5:7])) / TICKS_PER_SECOND


def _die_with_parent():
    """In the child: get SIGTERM when the comparison dies, even if it is killed outright."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _require_free_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BenchError(f"port 127.0.0.1:{port} is taken: {error.strerror}") from None


class Cluster:
    """What both kinds of cluster share. A subclass gives name, ports, command and is_ready."""

    name = ""
    client_base = 0

    def __init__(self, folder):
        self.folder = os.path.join(folder, self.name)
        self.processes = {}
        os.makedirs(self.folder, exist_ok=True)

    def endpoints(self):
        return [f"127.0.0.1:{self.client_base + node}" for node in NODES]

    def pids(self):
        return [process.pid for process in self.processes.values()]

    def start(self):
        for node in NODES:
            for port in self.ports(node):
                _require_free_port(port)
        for node in NODES:
            self.start_node(node)
        self._wait_until_ready()

    def start_node(self, node):
        """One server; does not wait for it."""
        with open(self._log(node), "ab") as log:
            self.processes[node] = subprocess.Popen(
                self.command(node), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_die_with_parent)

    def kill_node(self, node):
        """kill -9."""
        self.processes[node].kill()
        self.processes.pop(node).wait()

    def stop(self):
        """TERM, and KILL for whoever has not gone in time; each by id. Safe to call twice."""
        for process in self.processes.values():
            process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = {}

    def restart(self):
        self.stop()
        self.start()

    def remove_data(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def check_alive(self):
        for node, process in self.processes.items():
            status = process.poll()
            if status is not None:
                raise BenchError(f"{self.name} node {node} ended with status {status}\n"
                                 + self._log_tail(node))

    def _wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        waiting = list(NODES)
        while waiting:
            self.check_alive()
            waiting = [node for node in waiting if not self.is_ready(node)]
            if waiting and time.monotonic() > end:
                raise BenchError(f"{self.name} node {waiting[0]} is not ready after "
                                 f"{READY_SECONDS} s\n" + self._log_tail(waiting[0]))
            if waiting:
                time.sleep(0.1)

    def _log(self, node):
        return os.path.join(self.folder, f"node-{node}.log")

    def _log_tail(self, node):
        with open(self._log(node), encoding="utf-8", errors="replace") as file:
            lines = file.readlines()[-20:]
        return f"--- end of its log ({self._log(node)}):\n" + "".join(lines)


def _http_get(url):
    """(status, body) or (0, b"") if nobody answered."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, ValueError):
        return 0, b""


GREY_CONFIG = """\
node:
  id: node-{node}
  data_dir: {data}
network:
  api_addr: 127.0.0.1:{api}
  raft_addr: 127.0.0.1:{raft}
  gossip_addr: 127.0.0.1:{gossip}
  metrics_addr: 127.0.0.1:{metrics}
  advertise_host: 127.0.0.1
cluster:
  bootstrap_peers:
    - 127.0.0.1:19081
    - 127.0.0.1:19082
    - 127.0.0.1:19083
  bootstrap_expect: 3
consensus:
  election_timeout: 1000ms
  heartbeat_interval: 150ms
storage:
  engine: rocksdb
  shards: 32
  replication_factor: 3
  write_quorum: 2
  read_quorum: 2
plugins:
  path: [{plugins}]
"""


class GreyCluster(Cluster):
    """Three greyd with the deployment guide's settings."""

    name = "grey"
    client_base = 18080

    def __init__(self, folder, build_dir):
        super().__init__(folder)
        self.greyd = os.path.join(build_dir, "bin", "greyd")
        self.plugins = os.path.join(build_dir, "lib", "grey", "plugins")
        for node in NODES:
            data = os.path.join(self.folder, f"data-{node}")
            os.makedirs(data, mode=0o750, exist_ok=True)
            api, raft, gossip, metrics = self.ports(node)
            with open(self._config(node), "w", encoding="utf-8") as file:
                file.write(GREY_CONFIG.format(node=node, data=data, api=api, raft=raft,
                                              gossip=gossip, metrics=metrics,
                                              plugins=self.plugins))

    def ports(self, node):
        return 18080 + node, 19080 + node, 17945 + node, 10180 + node

    def command(self, node):
        return [self.greyd, "--config", self._config(node)]

    def is_ready(self, node):
        return _http_get(f"http://127.0.0.1:{18080 + node}/readyz")[0] == 200

    def _config(self, node):
        return os.path.join(self.folder, f"node-{node}.yaml")


class EtcdCluster(Cluster):
    """Three etcd 3.4 with default durable settings and room for a long run."""

    name = "etcd"
    client_base = 23790

    def ports(self, node):
        return 23790 + node, 23800 + node

    def command(self, node):
        client, peer = (f"http://127.0.0.1:{port}" for port in self.ports(node))
        members = ",".join(f"m{other}=http://127.0.0.1:{23800 + other}" for other in NODES)
        return ["etcd", "--name", f"m{node}",
                "--data-dir", os.path.join(self.folder, f"data-{node}"),
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", members, "--quota-backend-bytes", str(8 << 30)]

    def is_ready(self, node):
        status, body = _http_get(f"http://127.0.0.1:{23790 + node}/health")
        if status != 200:
            return False
        try:
            return str(json.loads(body).get("health")) == "true"
        except (ValueError, AttributeError):
            return False
