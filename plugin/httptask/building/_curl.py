"""A request as a curl command that works when pasted."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from httptask._core.redaction import MASK
from httptask.building._curl_form import form_options
from httptask.model.exchange import FilePiece, SentRequest, StreamedBody

_BY_CURL = {"host", "content-length", "accept-encoding", "user-agent"}
"""Headers curl writes itself; accept-encoding would bring compressed bytes to the terminal."""

VARIABLE = "HTTPTASK_SECRET"
"""The shell variable for a credential's value; of several, each has its position added."""

_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")
_PARAMETER = re.compile(r"[?&]([^=&#]*)=[^&#]*\Z")


def curl_command(request: SentRequest) -> str:
    """Return *request* as a curl command for a POSIX shell.

    Each masked credential value becomes a variable, `HTTPTASK_SECRET` when it is the only one; a
    comment before the command says what it has to hold. The parts of a form are `-F` options, files
    of it are read from below the folder of files.
    """
    secrets = _Secrets(alone=_masks(request) == 1)
    words = ["curl", "-sS", "-i", "-g"]  # -g: brackets and braces in a URL are not patterns
    lines = [" ".join([*words, *_method(request), secrets.in_url(request.url)])]
    form = form_options(request)
    for name, value in request.headers:
        if name.lower() in _BY_CURL or (
            form and name.lower() == "content-type"
        ):  # curl chooses its own boundary
            continue
        lines.append(
            "-H "
            + secrets.quoted(
                f"{name}: {value}" if value else f"{name};", f"the header {name}", name
            )
        )
    before, body = "", "the body"
    if form:
        lines += [f"{option} " + secrets.quoted(text, body, "body") for option, text in form]
    elif (text := _text(request.body)) is not None:
        lines.append(
            "--data-raw " + secrets.quoted(text, body, "body")
        )  # --data-raw: a leading @ is text, not a file
    elif request.body:
        before = f"{{ {'; '.join(_written(request.body, secrets))}; }} | "
        lines.append("--data-binary @-")
    if request.body and not any(name.lower() == "content-type" for name, _ in request.headers):
        lines.append("-H 'Content-Type:'")  # curl would call it a form
    return "".join(secrets.comments()) + before + " \\\n  ".join(lines)


@dataclass(slots=True)
class _Secrets:
    """The variables of a command: one for each masked value."""

    alone: bool
    _places: dict[str, str] = field(default_factory=dict)
    """Variable -> where it stands, for a person."""

    def quoted(self, text: str, where: str, name: str) -> str:
        """Return *text* as one word for a shell, with variables for what is masked in it.

        *where* names the position to a person.
        """
        pieces = text.split(MASK)
        words = [shlex.quote(piece) if piece or len(pieces) == 1 else "" for piece in pieces]
        for index in range(1, len(words)):
            words[index] = f'"${{{self._variable(where, name)}}}"' + words[index]
        return "".join(words)

    def in_url(self, url: str) -> str:
        """Return *url* as one word for a shell.

        The variable of a masked value of the query has the name of its parameter.
        """
        words, start = [], 0
        for match in re.finditer(MASK, url):
            parameter = _PARAMETER.search(url, 0, match.end())
            name = unquote_plus(parameter[1]) if parameter else "url"
            where = f"the query value {name}" if parameter else "a part of the URL"
            words.append(self.quoted(url[start : match.end()], where, name))
            start = match.end()
        return "".join(words) + (shlex.quote(url[start:]) if url[start:] else "")

    def comments(self) -> Iterator[str]:
        """Yield a line of comment for each variable."""
        for variable, where in self._places.items():
            yield f"# {variable}: the secret in {where}, as it stands on the wire\n"

    def _variable(self, where: str, name: str) -> str:
        own = _NOT_IN_A_NAME.sub("_", name.upper()).strip("_")
        variable = base = VARIABLE if self.alone or not own else f"{VARIABLE}_{own}"
        number = 1
        while variable in self._places:
            number += 1
            variable = f"{base}_{number}"
        self._places[variable] = " ".join(where.split())  # a comment ends with its line
        return variable


def _masks(request: SentRequest) -> int:
    """Return how many masked values *request* holds where a command shows them."""
    headers = (value for name, value in request.headers if name.lower() not in _BY_CURL)
    pieces = request.body.pieces if isinstance(request.body, StreamedBody) else (request.body,)
    in_body = sum(piece.count(MASK.encode()) for piece in pieces if isinstance(piece, bytes))
    return request.url.count(MASK) + sum(value.count(MASK) for value in headers) + in_body


def _text(body: bytes | StreamedBody) -> str | None:
    """Return *body* as the text of an argument; None when it cannot be one, or there is none."""
    if not body or isinstance(body, StreamedBody) or b"\0" in body:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _written(body: bytes | StreamedBody, secrets: _Secrets) -> Iterator[str]:
    """Yield shell commands that write *body*.

    Its files are named as in the settings, below the folder of files.
    """
    for piece in body.pieces if isinstance(body, StreamedBody) else (body,):
        if isinstance(piece, FilePiece):
            yield f"cat -- {shlex.quote(piece.name)}"
            continue
        for index, data in enumerate(piece.split(MASK.encode())):
            if index:
                yield f"printf %s {secrets.quoted(MASK, 'the body', 'body')}"
            if data:
                yield f"printf %s {base64.b64encode(data).decode('ascii')} | base64 -d"


def _method(request: SentRequest) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    default = "POST" if request.body else "GET"
    return [] if request.method == default else ["-X", shlex.quote(request.method)]
