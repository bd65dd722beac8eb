"""The server of the bench: in a process of its own, as fast as Python's event loop allows."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ANSWER = b'{"id": 901, "subject": "RFI answered", "distribution_ids": [881]}'
TOKEN = b'{"access_token": "1a2b3c4d", "token_type": "Bearer", "expires_in": 3600}'


def response(body: bytes, status: str = "201 Created", more: str = "") -> bytes:
    """Return a response with the JSON *body*, and the header lines *more*."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


RESPONSE, TOKEN_RESPONSE = response(ANSWER), response(TOKEN, "200 OK")


class Answering(asyncio.Protocol):
    """Answers every request with the same 201, and one to `/token` with a token."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n")[0]) if at >= 0 else 0
            if len(self.data) < end + 4 + size:
                return
            self.data = self.data[end + 4 + size :]
            self.answer(head)

    def answer(self, head: bytes) -> None:
        """Answer the request that has this *head*."""
        self.transport.write(TOKEN_RESPONSE if head.startswith(b"post /token") else RESPONSE)


def _serve(ready: Any, protocol: type[asyncio.Protocol]) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            protocol, "127.0.0.1", 0, backlog=4096
        )
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def local_server(protocol: type[asyncio.Protocol] = Answering) -> Iterator[str]:
    """Run a server that speaks *protocol*, and yield its URL."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=_serve, args=(sender, protocol), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        server.terminate()
        server.join()
