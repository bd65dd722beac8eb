"""Environment variables in place of the secrets of a request that is shown as a command or code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote_plus

from httptask._core.redaction import MASK
from httptask.model.exchange import SentRequest, StreamedBody

VARIABLE = "HTTPTASK_SECRET"
"""The environment variable of the only secret. With several secrets, the names of the values are
added.
"""

_OF_CLIENTS = frozenset(("host", "content-length", "accept-encoding"))
"""Headers that are left out: clients write them, and with accept-encoding curl would show
compressed bytes.
"""
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")
_PARAMETER = re.compile(r"[?&]([^=&#]*)=[^&#]*\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """A piece of a text that is the value of the environment variable *name*."""

    name: str


Piece = str | Variable


def own_headers(request: SentRequest) -> list[tuple[str, str]]:
    """Return the headers of *request* without those that every client writes itself."""
    return [
        (name, value)
        for name, value in request.headers
        if name.lower() not in _OF_CLIENTS
        and not (name.lower() == "user-agent" and value.startswith("httptask/"))
    ]


@dataclass(slots=True)
class SecretVariables:
    """The variables of one request: one for each masked value."""

    alone: bool
    """Whether there is only one masked value: its variable is `HTTPTASK_SECRET`."""
    _labels: dict[str, str] = field(default_factory=dict)
    """Variable -> the part of the request that contains its value, in words."""

    @classmethod
    def of(cls, request: SentRequest) -> Self:
        """Return the variables for *request*; `pieces` and `in_url` then name them."""
        body = request.body
        pieces = body.pieces if isinstance(body, StreamedBody) else (body,)
        in_body = sum(piece.count(MASK.encode()) for piece in pieces if isinstance(piece, bytes))
        in_headers = sum(value.count(MASK) for _, value in own_headers(request))
        return cls(alone=request.url.count(MASK) + in_headers + in_body == 1)

    def pieces(self, text: str, label: str, name: str) -> list[Piece]:
        """Return *text* with a variable in place of each mask.

        *label* names the part of the request in words; *name* becomes a part of the variables'
        names.
        """
        first, *others = text.split(MASK)
        pieces: list[Piece] = []
        if first or not others:
            pieces = [first]
        for other in others:
            pieces.append(self._variable(label, name))
            pieces += [other] if other else []
        return pieces

    def in_url(self, url: str) -> list[Piece]:
        """Return *url* with a variable in place of each mask, named after its query parameter."""
        pieces: list[Piece] = []
        start = 0
        for match in re.finditer(MASK, url):
            parameter = _PARAMETER.search(url, 0, match.end())
            name = unquote_plus(parameter[1]) if parameter else "url"
            label = f"the query value {name}" if parameter else "a part of the URL"
            pieces += self.pieces(url[start : match.end()], label, name)
            start = match.end()
        if url[start:]:
            return [*pieces, url[start:]]
        return pieces

    def comments(self, sign: str) -> Iterator[str]:
        """Yield a comment line for each variable; *sign* starts a comment."""
        for variable, label in self._labels.items():
            yield f"{sign} {variable}: the secret in {label}, as it stands on the wire\n"

    def _variable(self, label: str, name: str) -> Variable:
        suffix = _NOT_IN_A_NAME.sub("_", name.upper()).strip("_")
        variable = base = VARIABLE if self.alone or not suffix else f"{VARIABLE}_{suffix}"
        number = 1
        while variable in self._labels:
            number += 1
            variable = f"{base}_{number}"
        self._labels[variable] = " ".join(label.split())  # a comment ends with its line
        return Variable(variable)
