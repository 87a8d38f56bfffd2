"""Clients that write in a closed loop over HTTP/1.1, all in one thread that polls connections.

Threads of their own, of which Python runs one at a time, would add tens of milliseconds to what is
measured. Standard library only."""
import errno
import select
import socket
import threading
import time

PAUSE_AFTER_FAILURE_S = 0.002
MAX_WAIT_S = 0.05


class Client:
    """Writes its key again and again, at the first of its endpoints that works.

    Other threads may read `acknowledged` and `failures`."""

    def __init__(self, key, endpoints, write):
        """`write` gives (method, path, body) for a value's number."""
        self.key = key
        self.acknowledged = []  # times
        self.failures = []  # (time, what): a request that was sent or refused, but not done
        self.endpoints = endpoints
        self.at = 0  # of these
        self.write = write
        self.number = 0
        self.socket = None
        self.state = "idle"  # then connecting, if need be, and waiting
        self.due = 0.0  # of the next request, or when the one under way is given up
        self.request = b""
        self.received = b""


class ClosedLoop(threading.Thread):
    """`pace_s`: from a write's answer to the next write. `timeout_s`: of one call."""

    def __init__(self, clients, pace_s, timeout_s):
        super().__init__(daemon=True)
        self._clients = clients
        self._pace_s = pace_s
        self._timeout_s = timeout_s
        self._poll = select.epoll()
        self._by_fd = {}
        self._ending = False

    def stop(self):
        """Calls under way are broken off."""
        self._ending = True
        self.join()

    def run(self):
        while not self._ending:
            now = time.monotonic()
            soonest = min(client.due for client in self._clients)
            for fd, events in self._poll.poll(min(max(soonest - now, 0), MAX_WAIT_S)):
                client = self._by_fd.get(fd)
                if client:
                    self._ready(client, events)
            now = time.monotonic()
            for client in self._clients:
                if client.due <= now:
                    self._due(client, now)
        for client in self._clients:
            self._close(client)
        self._poll.close()

    def _due(self, client, now):
        if client.state != "idle":
            return self._fail(client, "timeout")
        client.number += 1
        method, path, body = client.write(client.number)
        host, port = client.endpoints[client.at]
        client.request = (f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        client.received = b""
        client.due = now + self._timeout_s
        if client.socket:
            self._send(client)
        else:
            self._connect(client)

    def _connect(self, client):
        client.socket = socket.socket()
        client.socket.setblocking(False)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.state = "connecting"
        code = client.socket.connect_ex(client.endpoints[client.at])
        if code not in (0, errno.EINPROGRESS):
            return self._fail(client, self._name_of(code))
        self._by_fd[client.socket.fileno()] = client
        self._poll.register(client.socket, select.EPOLLOUT)

    def _send(self, client):
        client.state = "waiting"
        try:
            sent = client.socket.send(client.request)
        except OSError as error:
            return self._fail(client, self._name_of(error.errno))
        if sent != len(client.request):
            self._fail(client, "not sent")

    def _ready(self, client, events):
        if client.state == "connecting":
            code = client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code != 0:
                return self._fail(client, self._name_of(code))
            self._poll.modify(client.socket, select.EPOLLIN)
            return self._send(client)
        try:
            data = client.socket.recv(1 << 16)
        except OSError as error:
            data = b""
            what = self._name_of(error.errno)
        else:
            what = "closed"
        if client.state == "idle":  # opened again for the next request, as every client does
            return self._close(client)
        if not data:
            return self._fail(client, what)
        client.received += data
        head, found, body = client.received.partition(b"\r\n\r\n")
        if not found or not self._is_whole(head.lower(), body):
            return
        if head.lower().find(b"\r\nconnection: close") >= 0:
            self._close(client)
        client.state = "idle"
        status = head.split(b" ", 2)[1]
        if status != b"200":
            return self._fail(client, f"{status.decode()} {body[:60]!r}")
        now = time.monotonic()
        client.acknowledged.append(now)
        client.due = now + self._pace_s

    @staticmethod
    def _is_whole(head, body):
        if b"\r\ntransfer-encoding: chunked" in head:
            return body.endswith(b"0\r\n\r\n")
        _, _, rest = head.partition(b"\r\ncontent-length:")
        return len(body) >= int(rest.split(b"\r\n", 1)[0] or 0)

    def _fail(self, client, what):
        now = time.monotonic()
        client.failures.append((now, what))
        self._close(client)
        client.at = (client.at + 1) % len(client.endpoints)
        client.state = "idle"
        client.due = now + PAUSE_AFTER_FAILURE_S

    def _close(self, client):
        if not client.socket:
            return
        self._by_fd.pop(client.socket.fileno(), None)
        client.socket.close()  # which epoll forgets
        client.socket = None

    @staticmethod
    def _name_of(code):
        return "refused" if code == errno.ECONNREFUSED else errno.errorcode.get(code, str(code))
