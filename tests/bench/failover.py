#!/usr/bin/env python3
"""Fail-over under load: how long writes stop when a leader dies, freezes or leaves.

Three nodes on this machine with the deployment guide's timeouts. 32 clients write in a closed loop,
in grey one to each shard, their connections spread over all nodes; a client whose node is gone goes
to the next one. Then the node that leads most shards (in etcd: the leader) is hit. The figure of a
try is the longest time between two acknowledged writes of any one client, that is, of any one shard.

  kill     kill -9. Clients of that node go to the others, which is part of the gap.
  freeze   SIGSTOP. Clients are at the other nodes only, and give a call up after 0.2 s to make
           another (--call-timeout): a call that the frozen leader has is answered only when its own
           time is over, in both systems after 5 s and more. In etcd that is so after kill -9, too.
  stop     SIGTERM. Also counts what clients saw of it other than a refused new connection.
  transfer POST /v1/cluster/transfer: everything the node leads is handed over, grey only.

Needs Debian's etcd-server for --systems etcd; the ports of compare.py."""
import argparse
import base64
import collections
import http.client
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "cluster"))
from closed_loop import Client, ClosedLoop  # noqa: one import path each
from clusters import NODES, BenchError, EtcdCluster, GreyCluster  # noqa: one import path each
from harness import SHARDS, quote, shard_tags

CLIENTS = SHARDS
PACE_S = 0.008
BEFORE_S = 1.7  # of undisturbed load before the fault, for the noise of this machine: about as
                # long as what is looked at after it
AFTER_S = 1.5  # of load after every client has written again
GIVE_UP_S = 30
LONG_S = {"kill": 0.5, "stop": 0.1, "transfer": 0.1}  # a try above it is told of with what else
                                                      # happened
SLOW_SYNC_S = 0.025  # a bound of the histogram grey_raft_log_sync_seconds
MODES = ("kill", "freeze", "stop", "transfer")
CALL_TIMEOUT_S = {"kill": 10, "freeze": 0.2, "stop": 10, "transfer": 10}


def host_and_port(endpoint):
    host, port = endpoint.rsplit(":", 1)
    return host, int(port)


class Grey:
    name = "grey"
    modes = MODES

    def __init__(self, folder, options):
        self.cluster = GreyCluster(folder, options.build_dir)
        self.keys = [f"failover/{{{tag}}}" for tag in shard_tags()]

    @staticmethod
    def request(key, value):
        return "PUT", f"/v1/kv/{quote(key)}", value.encode()

    def ask(self, node, path, method="GET", body=None):
        connection = http.client.HTTPConnection(*host_and_port(self.cluster.endpoints()[node - 1]),
                                                timeout=10)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_healthy(self):
        try:
            return all(json.loads(self.ask(node, "/v1/cluster/status")[1])["state"] == "healthy"
                       for node in NODES)
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False

    def victim(self):
        """(node, what it leads)."""
        shards = json.loads(self.ask(1, "/v1/cluster/replication")[1])["shards"]
        counts = collections.Counter(shard["leader"] for shard in shards)
        node_id, count = counts.most_common(1)[0]
        return int(node_id.rsplit("-", 1)[1]), count

    def slow_syncs(self):
        """By node that answers: how many syncs of its log took longer than SLOW_SYNC_S."""
        counts = {}
        for node in NODES:
            connection = http.client.HTTPConnection("127.0.0.1", self.cluster.ports(node)[3],
                                                    timeout=2)
            try:
                connection.request("GET", "/metrics")
                lines = connection.getresponse().read().decode().splitlines()
            except (OSError, http.client.HTTPException):
                continue
            finally:
                connection.close()
            name = "grey_raft_log_sync_seconds"
            whole = [line for line in lines if line.startswith(f"{name}_count")]
            quick = [line for line in lines
                     if line.startswith(f"{name}_bucket") and f'le="{SLOW_SYNC_S}"' in line]
            whole, quick = (sum(float(line.rsplit(" ", 1)[1]) for line in some)
                            for some in (whole, quick))
            counts[node] = int(whole - quick)
        return counts

    def transfer(self, node):
        wish = json.dumps({"from": f"node-{node}", "shard": "all"}).encode()
        status, body = self.ask(node % len(NODES) + 1, "/v1/cluster/transfer", "POST", wish)
        if status != 200:
            raise BenchError(f"transfer away from node {node}: {status} {body.decode()}")


class Etcd:
    name = "etcd"
    modes = ("kill", "freeze", "stop")

    @staticmethod
    def slow_syncs():
        return {}

    def __init__(self, folder, options):
        self.cluster = EtcdCluster(folder)
        self.keys = [f"failover/{number}" for number in range(CLIENTS)]

    @staticmethod
    def request(key, value):
        text = {name: base64.b64encode(data.encode()).decode()
                for name, data in (("key", key), ("value", value))}
        return "POST", "/v3/kv/put", json.dumps(text).encode()

    def is_healthy(self):
        return all(self.cluster.is_ready(node) for node in NODES)

    def victim(self):
        for node in NODES:
            connection = http.client.HTTPConnection(
                *host_and_port(self.cluster.endpoints()[node - 1]), timeout=10)
            connection.request("POST", "/v3/maintenance/status", b"{}")
            status = json.loads(connection.getresponse().read())
            connection.close()
            if status["leader"] == status["header"]["member_id"]:
                return node, "all"
        raise BenchError("etcd has no leader")


def longest_gap(clients, begin, end):
    """(length, when it began): between two writes of one client that were acknowledged one after
    the other, the later of them between begin and end."""
    return max(((after - before, before) for client in clients
                for before, after in zip(client.acknowledged, client.acknowledged[1:])
                if begin <= after <= end), default=(0.0, begin))


def hit(system, mode, node):
    """The fault; returns a function that undoes it."""
    cluster = system.cluster
    if mode == "kill":
        cluster.kill_node(node)
    elif mode == "stop":
        cluster.processes[node].terminate()
        cluster.processes.pop(node).wait(GIVE_UP_S)
    elif mode == "freeze":
        process = cluster.processes[node]
        process.send_signal(signal.SIGSTOP)
        return lambda: process.send_signal(signal.SIGCONT)
    else:
        system.transfer(node)
        return lambda: None
    return lambda: cluster.start_node(node)


def wait_healthy(system):
    end = time.monotonic() + 60
    while not system.is_healthy():
        if time.monotonic() > end:
            raise BenchError(f"{system.name} is not healthy again after 60 s")
        time.sleep(0.05)
    time.sleep(0.5)


def one_try(system, mode, number, call_timeout_s):
    """What was seen, as it goes into the JSON file."""
    node, leads = system.victim()
    endpoints = [host_and_port(each) for each in system.cluster.endpoints()]
    if mode == "freeze":
        del endpoints[node - 1]
    clients = []
    for index, key in enumerate(system.keys):
        first = (index + number) % len(endpoints)
        clients.append(Client(key, endpoints[first:] + endpoints[:first],
                              lambda count, key=key: system.request(key, f"value {count}")))
    load = ClosedLoop(clients, PACE_S, call_timeout_s or CALL_TIMEOUT_S[mode])
    undo = None
    try:
        load.start()
        time.sleep(0.5 + BEFORE_S)
        slow_before = system.slow_syncs()
        begin = time.monotonic()
        undo = hit(system, mode, node)
        hit_at = time.monotonic()
        while not all(client.acknowledged and client.acknowledged[-1] > hit_at + PACE_S
                      for client in clients):
            if time.monotonic() > hit_at + GIVE_UP_S:
                raise BenchError(f"{system.name}, {mode} of node {node}: nothing acknowledged for "
                                 f"{GIVE_UP_S} s of " + ", ".join(
                                     f"{client.key} (last failures {client.failures[-3:]})"
                                     for client in clients if not client.acknowledged or
                                     client.acknowledged[-1] < hit_at + PACE_S))
            time.sleep(0.01)
        time.sleep(AFTER_S)
        end = time.monotonic()
        slow_after = system.slow_syncs()
    finally:
        if undo:
            undo()
        load.stop()
    gap, gap_at = longest_gap(clients, begin, end)
    noise, _ = longest_gap(clients, begin - BEFORE_S, begin)
    failures = collections.Counter(what for client in clients for at, what in client.failures
                                   if begin <= at <= end)
    slow = {node: slow_after[node] - slow_before.get(node, 0) for node in slow_after}
    return {"gap_s": gap, "gap_began_s": gap_at - begin, "noise_s": noise,
            "failures": dict(failures), "led": leads, "slow_syncs": slow}


def describe_long(system, each):
    """One line for a try whose gap is longer than it should be."""
    slow = ", ".join(f"{count} at node {node}" for node, count in each["slow_syncs"].items()
                     if count > 0)
    print(f"{system.name:5}   {each['gap_s'] * 1000:.0f} ms, from "
          f"{each['gap_began_s'] * 1000:.0f} ms after the fault; syncs of the log above "
          f"{SLOW_SYNC_S * 1000:.0f} ms: {slow or 'none'}", flush=True)


def measure(system, mode, tries, call_timeout_s):
    seen = []
    for number in range(tries):
        wait_healthy(system)
        seen.append(one_try(system, mode, number, call_timeout_s))
    gaps = [each["gap_s"] for each in seen]
    led = [each["led"] for each in seen]
    failures = collections.Counter()
    for each in seen:
        failures.update(each["failures"])
    per_try = {what: round(count / tries, 1) for what, count in failures.items()}
    most = f" to {max(led)}" if min(led) != max(led) else ""
    noise = [each["noise_s"] for each in seen]
    print(f"{system.name:5} {mode:8} {tries} tries: longest gap median "
          f"{statistics.median(gaps) * 1000:.0f} ms, least {min(gaps) * 1000:.0f}, most "
          f"{max(gaps) * 1000:.0f}; without fault median {statistics.median(noise) * 1000:.0f}, "
          f"most {max(noise) * 1000:.0f}; led by the victim: {min(led)}{most}; failed calls a try: "
          f"{per_try or 'none'}", flush=True)
    for each in seen:
        if each["gap_s"] > LONG_S.get(mode, GIVE_UP_S):
            describe_long(system, each)
    return {"system": system.name, "mode": mode, "tries": seen}


def parse():
    root = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", default=os.path.join(root, "build/release"))
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--call-timeout", type=float, help="seconds, of a client's call")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--systems", default="grey,etcd")
    parser.add_argument("--work-dir", default="/var/tmp", help="on a real disk")
    parser.add_argument("--json", help="write every try's figures to this file")
    options = parser.parse_args()
    options.modes = options.modes.split(",")
    options.systems = options.systems.split(",")
    if not set(options.modes) <= set(MODES) or not set(options.systems) <= {"grey", "etcd"}:
        parser.error("unknown mode or system")
    return options


def main():
    options = parse()
    if "etcd" in options.systems and not shutil.which("etcd"):
        sys.exit("etcd is not installed (Debian: etcd-server); or give --systems grey")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    results = []
    folder = tempfile.mkdtemp(prefix="grey-failover-", dir=options.work_dir)
    try:
        for kind in (Grey, Etcd):
            if kind.name not in options.systems:
                continue
            system = kind(folder, options)
            try:
                system.cluster.start()
                for mode in options.modes:
                    if mode not in kind.modes:
                        continue
                    results.append(measure(system, mode, options.tries,
                                           options.call_timeout))
            finally:
                system.cluster.stop()
    except BenchError as error:
        sys.exit(f"failover.py: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
