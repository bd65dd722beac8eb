"""Received requests, replies, and refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

_MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as the stand-in received it."""

    method: str
    target: str
    """The request target from the request line: path and query, nothing decoded."""
    version: str
    """`HTTP/1.1` or `HTTP/1.0`."""
    headers: tuple[tuple[str, str], ...]
    """Names and values in order, with duplicates, names spelt as sent.

    Decoded as ISO 8859-1.
    """
    body: bytes = b""
    """The body without its chunked framing; empty if the request was refused before the body
    was read.
    """

    def values(self, name: str) -> list[str]:
        """Return the values of every header *name*, whatever its case, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that is not yet written."""

    status: int
    payload: Any
    """JSON."""
    headers: tuple[tuple[str, str], ...] = ()


class RefusalError(Exception):
    """Refuses the request with *status*; *problems* are pairs (where, reason)."""

    def __init__(
        self,
        status: int,
        problems: Sequence[tuple[str, str]],
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(status, problems)
        errors = [{"where": where, "reason": reason} for where, reason in problems[:_MAX_ERRORS]]
        self.reply = Reply(status, {"errors": errors}, tuple(headers))


def refuse(
    status: int,
    where: str,
    reason: str,
    *headers: tuple[str, str],
) -> NoReturn:
    raise RefusalError(status, [(where, reason)], headers)


def quoted(text: str) -> str:
    return json.dumps(short(text), ensure_ascii=False)


def short(text: str) -> str:
    if len(text) <= 80:
        return text
    return text[:80] + "…"
