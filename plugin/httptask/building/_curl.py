"""A request as a curl command that works when pasted."""

from __future__ import annotations

import base64
import shlex

from httptask._redaction import MASK
from httptask.model.exchange import FilePiece, SentRequest, StreamedBody

_BY_CURL = {"host", "content-length", "accept-encoding", "user-agent"}
"""Headers curl writes itself; accept-encoding would bring compressed bytes to the terminal."""

VARIABLE = "HTTPTASK_SECRET"
"""The shell variable that stands where a credential's value was."""


def curl_command(request: SentRequest) -> str:
    """Return *request* as a curl command for a POSIX shell.

    A masked credential value becomes the variable `HTTPTASK_SECRET`; a comment before the command says what it has to hold.
    """
    words = ["curl", "-sS", "-i", "-g"]  # -g: brackets and braces in a URL are not patterns
    lines = [" ".join([*words, *_method(request), _quoted(request.url)])]
    for name, value in request.headers:
        if name.lower() not in _BY_CURL:
            lines.append("-H " + _quoted(f"{name}: {value}" if value else f"{name};"))
    before = ""
    if isinstance(request.body, StreamedBody):
        before = f"{{ {_written(request.body)}; }} | "
        lines.append("--data-binary @-")
    elif request.body:
        try:
            text = request.body.decode("utf-8")
            if "\0" in text:
                raise ValueError("an argument cannot hold NUL")
            lines.append("--data-raw " + _quoted(text))  # --data-raw: a leading @ is text, not a file
        except ValueError:
            before = f"{_printed(request.body)} | "
            lines.append("--data-binary @-")
    if request.body and not any(name.lower() == "content-type" for name, _ in request.headers):
        lines.append("-H 'Content-Type:'")  # curl would call it a form
    command = before + " \\\n  ".join(lines)
    if MASK in command or f"${{{VARIABLE}}}" in command:
        command = f"# {VARIABLE}: the credential's value, as it stands on the wire\n{command}"
    return command


def _written(body: StreamedBody) -> str:
    """Return shell commands that write *body*; its files are named as the settings name them, below the folder of files."""
    return "; ".join(
        f"cat -- {shlex.quote(each.name)}" if isinstance(each, FilePiece) else _printed(each)
        for each in body.pieces
        if each
    )


def _printed(data: bytes) -> str:
    return f"printf %s {base64.b64encode(data).decode('ascii')} | base64 -d"


def _method(request: SentRequest) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    return [] if request.method == ("POST" if request.body else "GET") else ["-X", request.method]


def _quoted(text: str) -> str:
    pieces = text.split(MASK)
    if len(pieces) == 1:
        return shlex.quote(text)
    return f'"${{{VARIABLE}}}"'.join(shlex.quote(piece) if piece else "" for piece in pieces)
