"""The HTTP server: its connections and their requests."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from httptask.testing.stand_in._answers import Answers
from httptask.testing.stand_in._messages import ReceivedRequest, RefusalError, Reply
from httptask.testing.stand_in._reading import (
    MAX_LINE_BYTES,
    ClientLeftError,
    check_framing,
    expects_continue,
    read_body,
    read_head,
    wants_close,
)

_IDLE_SECONDS = 30.0
"""Seconds after which a silent connection is closed."""
_DRAIN_SECONDS = 2.0
"""Seconds for which the body of a refused request is still read and dropped.

Otherwise closing the connection could lose the refusal.
"""
_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


class _Handler(BaseHTTPRequestHandler):
    """One connection: serves requests until either side closes it."""

    server: Server
    server_version = "httptask-stand-in"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Serve the connection's requests. A client that disconnects is not an error."""
        with contextlib.suppress(OSError, ClientLeftError):
            super().handle()

    def handle_one_request(self) -> None:
        """Read, check and answer one request."""
        self.close_connection = True  # until a whole request has been read
        head: ReceivedRequest | None = None
        try:
            head = read_head(self.rfile)
            if head is None:
                return
            check_framing(head)
            if expects_continue(head):
                self.server.answers.check_head(head)
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = replace(head, body=read_body(self.rfile, head))
        except RefusalError as refusal:
            # The body was not read to its end, so the next request could not be found.
            self._send(head, self.server.answers.to_refused(head, refusal))
            self._drain()
            return
        self.close_connection = wants_close(head)
        self._send(request, self.server.answers.to_request(request))

    def _send(self, request: ReceivedRequest | None, reply: Reply) -> None:
        # A lone surrogate cannot be encoded in UTF-8. Its backslash form means the same in JSON.
        body = json.dumps(reply.payload, ensure_ascii=False).encode("utf-8", "backslashreplace")
        headers = [
            ("Server", self.server_version),
            ("Date", self.date_time_string()),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *reply.headers,
            *([("Connection", "close")] if self.close_connection else []),
        ]
        phrase = _PHRASES.get(reply.status, "")
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        # Logged first: a test may read the log as soon as it has the response.
        self.server.answers.log(request, reply.status)
        # RFC 9110, section 9.3.2: a response to HEAD has no body. A single write makes a single
        # packet.
        self.wfile.write(head if request is not None and request.method == "HEAD" else head + body)

    def _drain(self) -> None:
        # Closing while bytes are unread resets the connection, and the client could lose the
        # response (RFC 9112, section 9.6).
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_DRAIN_SECONDS)
        end = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < end and self.rfile.read1(MAX_LINE_BYTES):
            pass


class Server(ThreadingHTTPServer):
    """The listener. It keeps its connections, so that it can close them all."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answers: Answers) -> None:
        self.answers = answers
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind the address. Unlike HTTPServer, do not ask the name service for the host name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = (
            str(self.server_address[0]),
            int(self.server_address[1]),
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of one connection."""
        thread = threading.Thread(
            target=self._run_connection,
            args=(request, client_address),
            name="stand-in connection",
            daemon=True,
        )
        self._connections[thread] = request
        thread.start()

    def _run_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            del self._connections[threading.current_thread()]

    def stop(self) -> None:
        """Stop listening, close every connection and wait for its thread."""
        self.shutdown()
        self.server_close()
        for thread, connection in self._connections.copy().items():
            with contextlib.suppress(OSError):  # the client has closed it already
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
