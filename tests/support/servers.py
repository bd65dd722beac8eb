"""Servers that misbehave. Each runs in its own threads on loopback, and ends with its `with` block.

    with raw_server(sequence(reset(), respond(OK))) as server:
        ...  # send requests to server.url, then look at server.received and server.connections

A handler is called with a connected `Peer`, and handles one request. If it returns True, it is
called again for the next request of the connection; otherwise the connection is closed. Handlers may
block: at the end of the `with` block, all sockets are shut down and all threads joined. Exceptions of
a handler, except OSError, are raised at the end of the block.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading
import time
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import trustme

HANG_SECONDS = 600.0
"""The seconds after which a process or a response counts as hung. On a busy machine, commands of one
second took 10.
"""
MEGABYTE = 1_048_576
MAX_ROUNDS = 1_000_000
"""The limit for loops in handlers."""


class Peer:
    """The server's end of a connection: a blocking socket with a buffer of unread bytes."""

    def __init__(self, sock: socket.socket, server: RawServer) -> None:
        self.socket = sock
        self._server = server
        self._ahead = b""

    def recv(self, size: int = 65_536) -> bytes:
        """Read at least one byte; return b"" if the client has closed."""
        data, self._ahead = (
            (self._ahead[:size], self._ahead[size:])
            if self._ahead
            else (self.socket.recv(size), b"")
        )
        return data

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        self.socket.sendall(data)

    def wait_until_received(self) -> None:
        """Wait until the client's system has all that was sent; on a busy machine that takes a while."""
        unacknowledged = array("i", [0])
        for _ in range(5000):  # a client that has gone acknowledges nothing
            fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, unacknowledged)
            if not unacknowledged[0]:
                break
            time.sleep(0.001)

    def has_more(self) -> bool:
        """Wait for the next request; return False if the client has closed instead."""
        self._ahead = self._ahead or self.socket.recv(65_536)
        return bool(self._ahead)

    def read_request(self) -> bytes:
        """Read a request, head and body, add it to `server.received`, and return it; b"": none."""
        if not self.has_more():
            return b""
        head = self._read_through(rb"\r\n\r\n")
        if re.search(rb"(?im)^expect:\s*100-continue", head):
            self.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
        chunked = re.search(rb"(?im)^transfer-encoding:.*chunked", head)
        body = (
            self._read_through(rb"(?:\A|\r\n)0\r\n\r\n")
            if chunked
            else self._read_exactly(int(length[1]) if length else 0)
        )
        self._server.received.append(head + body)
        return head + body

    def _read_through(self, end: bytes) -> bytes:
        while not (match := re.search(end, self._ahead)):
            self._read_more()
        return self.recv(match.end())

    def _read_exactly(self, size: int) -> bytes:
        while len(self._ahead) < size:
            self._read_more()
        return self.recv(size) if size else b""

    def _read_more(self) -> None:
        more = self.socket.recv(65_536)
        if not more:
            raise ConnectionError("the client left in the middle of a request")
        self._ahead += more

    def pause(self, seconds: float) -> bool:
        """Wait for *seconds*; return False if the server is being stopped."""
        return not self._server.stopping.wait(seconds)

    def wait_for_close(self) -> None:
        """Wait until the client closes or the server is stopped."""
        for _ in range(MAX_ROUNDS):
            if not self.recv():
                return

    def close(self) -> None:
        """Close at once."""
        self.socket.close()

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Handler = Callable[[Peer], "bool | None"]


class RawServer:
    """A listening socket, a thread that accepts, and a thread per connection."""

    def __init__(
        self,
        handler: Handler,
        *,
        host: str,
        name: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        # On some systems, shutdown() does not wake accept().
        self._listener.settimeout(0.2)
        self._handler = handler
        self._tls = tls
        self._live: dict[threading.Thread, socket.socket] = {}
        self.port: int = self._listener.getsockname()[1]
        self.host = host
        shown = name or host
        self.url = (
            f"{'https' if tls else 'http'}://{f'[{shown}]' if ':' in shown else shown}:{self.port}"
        )
        self.connections = 0
        """The number of accepted connections."""
        self.received: list[bytes] = []
        """The requests that handlers have read, with head and body, in order."""
        self.failures: list[BaseException] = []
        """The exceptions of handlers, except OSError."""
        self.stopping = threading.Event()
        self.ca_pem = Path()
        """The file of the certificate authority to trust, for TLS servers."""
        self._acceptor = threading.Thread(
            target=self._accept,
            name=f"accept {self.port}",
            daemon=True,
        )

    def start(self) -> None:
        """Start to accept connections."""
        self._acceptor.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait for every thread."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(HANG_SECONDS)
        self._listener.close()
        for thread, sock in self._live.copy().items():
            # SSLSocket.shutdown() would remove the TLS layer while the thread uses it.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            thread.join(HANG_SECONDS)
            if thread.is_alive():
                self.failures.append(AssertionError(f"{thread.name} did not end"))

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(
                target=self._serve,
                args=(sock,),
                name=f"connection {self.connections} of {self.port}",
                daemon=True,
            )
            self._live[thread] = sock
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock = self._secured(sock)
            self._play(Peer(sock, self))
            self._finish(sock)
        except OSError:
            pass  # the client left, or the server is being stopped
        except BaseException as exc:  # noqa: BLE001  # carried to the test's thread
            self.failures.append(exc)
        finally:
            sock.close()
            del self._live[threading.current_thread()]

    def _secured(self, sock: socket.socket) -> socket.socket:
        if self._tls is None:
            return sock
        secured = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._live[threading.current_thread()] = secured
        try:
            if (
                self.stopping.is_set()
            ):  # stop() may have looked just before this socket could be found
                raise ConnectionError("the server is being stopped")
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    def _play(self, peer: Peer) -> None:
        for _ in range(MAX_ROUNDS):
            if not self._handler(peer) or not peer.has_more():
                return

    @staticmethod
    def _finish(sock: socket.socket) -> None:
        """Close gracefully. Closing with unread bytes would reset the connection and lose data."""
        if sock.fileno() == -1:
            return
        sock.settimeout(1.0)
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()
        sock.shutdown(socket.SHUT_WR)
        end = time.monotonic() + 1.0
        while time.monotonic() < end and sock.recv(65_536):
            pass


@contextlib.contextmanager
def raw_server(handler: Handler, *, host: str = "127.0.0.1") -> Iterator[RawServer]:
    """Run *handler* on every connection to a free port of *host* while the block lasts."""
    yield from _running(RawServer(handler, host=host))


TlsFlaw = Literal["untrusted", "expired", "wrong-host"]


@contextlib.contextmanager
def tls_server(
    handler: Handler,
    hostname: str = "localhost",
    *,
    flaw: TlsFlaw | None = None,
    clients: trustme.CA | None = None,
) -> Iterator[RawServer]:
    """Run *handler* behind TLS with a certificate for *hostname*.

    `server.ca_pem` is the file of the authority to trust. With the *flaw* `untrusted` it is another
    authority than the certificate's, with `expired` the certificate expired an hour ago, with
    `wrong-host` it is for elsewhere.example. With *clients*, a client needs a certificate of that
    authority.
    """
    authority = trustme.CA()
    now = datetime.now(UTC)
    certificate = authority.issue_cert(
        "elsewhere.example" if flaw == "wrong-host" else hostname,
        not_before=now - timedelta(days=2),
        not_after=now - timedelta(hours=1) if flaw == "expired" else now + timedelta(days=2),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    certificate.configure_cert(context)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    with tempfile.TemporaryDirectory() as folder:
        server = RawServer(
            handler,
            host="127.0.0.1",
            name=hostname,
            tls=context,
        )
        server.ca_pem = Path(folder) / "ca.pem"
        (trustme.CA() if flaw == "untrusted" else authority).cert_pem.write_to_path(
            str(server.ca_pem)
        )
        yield from _running(server)


def _running(server: RawServer) -> Iterator[RawServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
    # Not in the finally block: a failure of the test itself is more useful.
    if server.failures:
        raise server.failures[0]


# ---- Responses ---------------------------------------------------------------------------------


def response(
    body: bytes = b"",
    *headers: tuple[str, str],
    status: str = "200 OK",
    length: int | None = None,
) -> bytes:
    """Return a response; *length* is a wrong Content-Length."""
    fields = [*headers, ("Content-Length", str(len(body) if length is None else length))]
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


JSON = ("Content-Type", "application/json")
GZIP = ("Content-Encoding", "gzip")
OK = response(b'{"ok": true}', JSON)


# ---- Handlers ----------------------------------------------------------------------------------


def respond(data: bytes) -> Handler:
    """Answer every request with *data*, and keep the connection."""

    def handler(peer: Peer) -> bool:
        if not peer.read_request():
            return False
        peer.sendall(data)
        return True

    return handler


def respond_and_close(data: bytes) -> Handler:
    """Answer one request with *data*, then close gracefully."""

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(data)

    return handler


def sequence(*handlers: Handler) -> Handler:
    """Use the next handler for each request, over all connections; repeat the last one."""
    lock, played = threading.Lock(), iter(handlers[:-1])

    def handler(peer: Peer) -> bool | None:
        with lock:
            chosen = next(played, handlers[-1])
        return chosen(peer)

    return handler


def silent() -> Handler:
    """Read the request and never answer."""

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.wait_for_close()

    return handler


def drip(seconds: float, *, part: Literal["head", "body"] = "body") -> Handler:
    """Send one byte of the *part* every *seconds*, for ever."""

    def handler(peer: Peer) -> None:
        peer.read_request()
        if part == "head":
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        else:
            peer.sendall(response(b"", ("Content-Type", "text/plain"), length=MAX_ROUNDS))
        for _ in range(MAX_ROUNDS):
            peer.sendall(b"x")
            if not peer.pause(seconds):
                return

    return handler


def close_at_once(*, after_request: bool = False) -> Handler:
    """Close without an answer: at once, or *after_request*."""

    def handler(peer: Peer) -> None:
        if after_request:
            peer.read_request()
        peer.close()

    return handler


def reset(*, after_request: bool = False) -> Handler:
    """Reset the connection (RST): at once, or *after_request*."""

    def handler(peer: Peer) -> None:
        if after_request:
            peer.read_request()
        peer.reset()

    return handler


def cut_body() -> Handler:
    """Declare 100 bytes, send 10, close gracefully."""
    return respond_and_close(response(b"0123456789", ("Content-Type", "text/plain"), length=100))


def cut_chunked() -> Handler:
    """Send one and a half chunks, and close gracefully without the last chunk."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    return respond_and_close(head + b"5\r\nhello\r\na\r\nhalf")


def bad_status_line(line: bytes = b"HTCPCP/1.0 418 I'm a teapot") -> Handler:
    """Answer with an invalid status line."""
    return respond_and_close(line + b"\r\nContent-Length: 0\r\n\r\n")


def header_flood(n: int) -> Handler:
    """Answer with *n* headers in addition to Content-Length."""
    return respond(response(b"{}", JSON, *((f"X-Flood-{i}", "x") for i in range(n))))


def gzip_bomb(megabytes: int, *, layers: int = 1) -> Handler:
    """Answer with a small valid gzip of *megabytes* of zeros, compressed *layers* times over."""

    @cache  # for the first request only, because tables of tests have handlers that are not used
    def answer() -> Handler:
        data = _compressed_zeros(megabytes)
        for _ in range(layers - 1):
            data = compressed(data)
        codings = ", ".join(["gzip"] * layers)
        return respond(
            response(data, ("Content-Type", "text/plain"), ("Content-Encoding", codings))
        )

    return lambda peer: answer()(peer)


def compressed(data: bytes) -> bytes:
    """Return *data* as gzip (RFC 1952)."""
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(data) + packer.flush()


@cache
def _compressed_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(MEGABYTE)
    return b"".join([*(packer.compress(block) for _ in range(megabytes)), packer.flush()])


def broken_gzip() -> Handler:
    """Answer with damaged gzip data of the declared length."""
    data = bytearray(compressed(b'{"ok": true}' * 100))
    for i in range(12, len(data) - 8):
        data[i] ^= 0xFF
    return respond(response(bytes(data), JSON, GZIP))


def truncated_gzip() -> Handler:
    """Answer with the first half of gzip data, of the declared length: only the decoder notices."""
    data = compressed(json.dumps({"numbers": list(range(1000))}).encode())
    return respond(response(data[: len(data) // 2], JSON, GZIP))


def not_json() -> Handler:
    """Declare application/json, and send HTML."""
    return respond(response(b"<!doctype html><title>Down for maintenance</title>", JSON))


def deep_json(n: int) -> Handler:
    """Answer with *n* arrays inside each other."""
    return respond(response(b"[" * n + b"]" * n, JSON))


def endless_body(*, chunked: bool = False, megabytes: int = 4096) -> Handler:
    """Send a body until the client leaves, or *megabytes* have been sent."""
    block = b"x" * 65_536
    framed = b"10000\r\n" + block + b"\r\n" if chunked else block
    framing = b"Transfer-Encoding: chunked" if chunked else b"Connection: close"

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + framing + b"\r\n\r\n")
        for _ in range(megabytes * 16):
            peer.sendall(framed)

    return handler


def continue_forever() -> Handler:
    """Answer `100 Continue` for ever."""

    def handler(peer: Peer) -> None:
        peer.read_request()
        for _ in range(MAX_ROUNDS):
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            if not peer.pause(0.001):
                return

    return handler


def body_after_204() -> Handler:
    """Answer 204, which has no body, with a body; keep the connection."""
    return respond(b'HTTP/1.1 204 No Content\r\n\r\n{"surprise": true}')


def extra_bytes(extra: bytes = response(b'{"stolen": true}', JSON)) -> Handler:
    """Send *extra* after a valid response (by default another response); keep the connection."""
    return respond(OK + extra)


def redirect(to: str, status: int = 302) -> Handler:
    """Answer with a redirect to *to*."""
    return respond(response(b"", ("Location", to), status=f"{status} Redirect"))


def echo_json() -> Handler:
    """Answer with the request as JSON: `method`, `target`, `headers`, `body` and `bodyHex`.

    `headers` is a list of [name, value]. `body` is text, with bytes replaced that are not UTF-8; a
    chunked body includes the framing of its chunks.
    """

    def handler(peer: Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [
            [name, value.strip()] for name, _, value in (line.partition(":") for line in lines)
        ]
        seen = {
            "method": method,
            "target": target,
            "headers": headers,
        }
        document = {
            **seen,
            "body": body.decode("utf-8", "replace"),
            "bodyHex": body.hex(),
        }
        peer.sendall(response(json.dumps(document).encode(), JSON))
        return True

    return handler


# ---- Comparison ---------------------------------------------------------------------------


def curl(*args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real curl with *args*. Its output is the response's head and body, with \\n as line
    ends.
    """
    # -q, which must come first, ignores a developer's .curlrc.
    command = ["curl", "-q", "-sS", "-i", "--max-time", "60", "--noproxy", "*", *args]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=False,
    )


@contextlib.contextmanager
def dead_server() -> Iterator[int]:
    """Yield the port of a server to which no connection comes about."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        contextlib.ExitStack() as stack,
    ):
        port = listener.getsockname()[1]
        for _ in range(4):  # fill the backlog: the kernel then drops what comes
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port
