#!/usr/bin/env python3
"""The network of the fault tests does what its faults say, between plain sockets."""
import socket
import subprocess
import sys
import time
import unittest

import namespaces
import paths  # noqa: finds the harness
from harness import main, report, start_process

PORT = 7000
# Answers every datagram with itself.
ECHO = ("import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind((sys.argv[1], int(sys.argv[2])))\n"
        "print('ready', flush=True)\n"
        "while True: s.sendto(*s.recvfrom(100))\n")
# Sends `count` datagrams, one after the other, and prints the round trips in ms, "-" if lost.
PING = ("import socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.settimeout(0.25)\n"
        "for number in range(int(sys.argv[3])):\n"
        "    begin = time.monotonic()\n"
        "    s.sendto(b'%d' % number, (sys.argv[1], int(sys.argv[2])))\n"
        "    try:\n"
        "        while s.recv(100) != b'%d' % number: pass\n"
        "        print((time.monotonic() - begin) * 1000)\n"
        "    except TimeoutError:\n"
        "        print('-')\n")
CONNECT = ("import socket, sys\n"
           "try:\n"
           "    socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.5)\n"
           "    print('connected')\n"
           "except Exception as error:\n"
           "    print(type(error).__name__)\n")


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = namespaces.Namespaces(3)
        cls.echoes = []
        for node in range(3):
            cls.echoes.append(start_process(cls.network.command(node, [
                sys.executable, "-c", ECHO, cls.network.host(node), str(PORT)]),
                subprocess.DEVNULL))
        for node in range(3):  # from the hub, which reaches all at all times
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.settimeout(0.1)
                deadline = time.monotonic() + 10
                while True:
                    try:
                        probe.sendto(b"x", (cls.network.host(node), PORT))
                        probe.recv(10)
                        break
                    except OSError:
                        if time.monotonic() > deadline:
                            raise

    @classmethod
    def tearDownClass(cls):
        for echo in cls.echoes:
            echo.kill()
            echo.wait(10)

    def setUp(self):
        self.addCleanup(self.network.heal)

    def run_at(self, node, program, *arguments):
        return subprocess.run(
            self.network.command(node, [sys.executable, "-c", program,
                                        *(str(each) for each in arguments)]),
            stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.split()

    def round_trips(self, here, there, count=3):
        """In ms, of those that came back."""
        answers = self.run_at(here, PING, self.network.host(there), PORT, count)
        self.assertEqual(len(answers), count)
        return [float(answer) for answer in answers if answer != "-"]

    def reached(self):
        """Which pairs reach each other, there and back."""
        return {(a, b) for a in range(3) for b in range(3)
                if a != b and self.round_trips(a, b, 1)}

    ALL = {(a, b) for a in range(3) for b in range(3) if a != b}

    def hub_reaches(self, node):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(1)
            probe.sendto(b"x", (self.network.host(node), PORT))
            return probe.recv(10) == b"x"

    def test_all_reach_all(self):
        self.assertEqual(self.reached(), self.ALL)

    def test_split_and_heal(self):
        self.network.split([[0], [1, 2]])
        self.assertEqual(self.reached(), {(1, 2), (2, 1)})
        self.assertTrue(all(self.hub_reaches(node) for node in range(3)))
        self.network.heal()
        self.assertEqual(self.reached(), self.ALL)

    def test_bridge(self):
        self.network.split([[0, 1], [1, 2]])
        self.assertEqual(self.reached(), {(0, 1), (1, 0), (1, 2), (2, 1)})

    def test_one_way_does_not_answer(self):
        self.network.cut(0, 1)
        # An echo needs both ways; who sends 1 to 0 is not heard, who sends 0 to 1 hears no answer.
        self.assertEqual(self.reached(), self.ALL - {(0, 1), (1, 0)})

    def test_reset(self):
        listener = start_process(self.network.command(1, [
            sys.executable, "-c", "import socket, sys, time\n"
            "s = socket.create_server((sys.argv[1], 7001)); time.sleep(60)",
            self.network.host(1)]), subprocess.DEVNULL)
        self.addCleanup(lambda: (listener.kill(), listener.wait(10)))
        deadline = time.monotonic() + 10
        while self.run_at(0, CONNECT, self.network.host(1), 7001) != ["connected"]:
            self.assertLess(time.monotonic(), deadline)
        self.network.reset(1, 0)
        self.assertEqual(self.run_at(0, CONNECT, self.network.host(1), 7001),
                         ["ConnectionRefusedError"])
        self.assertEqual(self.run_at(2, CONNECT, self.network.host(1), 7001), ["connected"])

    def test_delay_and_loss(self):
        if not self.network.can_slow():
            self.skipTest("delay_queue was not built: libnetfilter-queue-dev is missing")
        self.network.slow(1, delay_ms=30, jitter_ms=20)
        trips = self.round_trips(0, 1, 20)
        report(f"30 to 50 ms on one way: round trips {min(trips):.1f} to {max(trips):.1f} ms")
        self.assertEqual(len(trips), 20)
        self.assertGreaterEqual(min(trips), 30)
        self.assertLess(max(self.round_trips(0, 2)), 30)
        self.network.heal()
        self.assertLess(min(self.round_trips(0, 1)), 30)
        self.network.slow(1, loss_percent=50, seed=7)
        lost = 60 - len(self.round_trips(0, 1, 60))
        report(f"50 % loss: {lost} of 60 lost")
        self.assertTrue(15 <= lost <= 45)
        self.assertTrue(self.hub_reaches(1))


if __name__ == "__main__":
    namespaces.skip_unless_available()
    main()
