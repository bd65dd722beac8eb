"""Showing a request as a curl command that can be pasted into a shell."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Sequence

from httptask._core.redaction import MASK
from httptask.building._curl_form import form_options
from httptask.building._secret_variables import Piece, SecretVariables, Variable, own_headers
from httptask.model.exchange import FilePiece, SentRequest, StreamedBody


def curl_command(request: SentRequest) -> str:
    """Return *request* as a curl command for a POSIX shell.

    Each masked secret becomes a variable, named `HTTPTASK_SECRET` if there is only one secret; a
    comment before the command says what the variable must hold. The parts of a form become `-F`
    options. Files are named relative to the folder of files.
    """
    secrets = SecretVariables.of(request)
    words = ["curl", "-sS", "-i", "-g"]  # -g: brackets and braces in a URL are not patterns
    lines = [" ".join([*words, *_method(request), quoted(secrets.in_url(request.url))])]
    form = form_options(request)
    for name, value in own_headers(request):
        if form and name.lower() == "content-type":  # curl chooses its own boundary
            continue
        header = f"{name}: {value}" if value else f"{name};"
        lines.append("-H " + quoted(secrets.pieces(header, f"the header {name}", name)))
    before, body = "", "the body"
    if form:
        lines += [
            f"{option} " + quoted(secrets.pieces(argument, body, "body"))
            for option, argument in form
        ]
    elif (argument := body_text(request.body)) is not None:
        # --data-raw: unlike -d, it does not read a file when the text starts with @
        lines.append("--data-raw " + quoted(secrets.pieces(argument, body, "body")))
    elif request.body:
        before = f"{body_commands(request.body, secrets)} | "
        lines.append("--data-binary @-")
    if request.body and not any(name.lower() == "content-type" for name, _ in request.headers):
        lines.append("-H 'Content-Type:'")  # without this, curl would send the type of a form
    return "".join(secrets.comments("#")) + before + " \\\n  ".join(lines)


def quoted(pieces: Sequence[Piece]) -> str:
    """Quote *pieces* as one word for a POSIX shell."""
    return "".join(
        f'"${{{piece.name}}}"' if isinstance(piece, Variable) else shlex.quote(piece)
        for piece in pieces
    )


def body_text(body: bytes | StreamedBody) -> str | None:
    """Return *body* as text for a command line argument; None if *body* is empty or not text."""
    if not body or isinstance(body, StreamedBody) or b"\0" in body:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def body_commands(body: bytes | StreamedBody, secrets: SecretVariables) -> str:
    """Return shell commands, in braces, that write *body* to standard output.

    Files are named as in the settings, relative to the folder of files.
    """
    return f"{{ {'; '.join(_write_commands(body, secrets))}; }}"


def _write_commands(body: bytes | StreamedBody, secrets: SecretVariables) -> Iterator[str]:
    for piece in body.pieces if isinstance(body, StreamedBody) else (body,):
        if isinstance(piece, FilePiece):
            yield f"cat -- {shlex.quote(piece.name)}"
            continue
        for index, data in enumerate(piece.split(MASK.encode())):
            if index:
                yield f"printf %s {quoted(secrets.pieces(MASK, 'the body', 'body'))}"
            if data:
                yield f"printf %s {base64.b64encode(data).decode('ascii')} | base64 -d"


def _method(request: SentRequest) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    default = "POST" if request.body else "GET"
    if request.method == default:
        return []
    return ["-X", shlex.quote(request.method)]
