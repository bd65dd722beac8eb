"""Parsing the challenges in `WWW-Authenticate` (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, section 5.6.2
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))', re.DOTALL)
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]+|(?=,)|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
_BETWEEN = re.compile(r"[ \t,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a server."""

    scheme: str
    """The authentication scheme, in lower case."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Name, in lower case -> value, without quotes."""


def challenges_of(lines: Iterable[str]) -> Iterator[Challenge]:
    """Yield the challenges in *lines*, `WWW-Authenticate` values that may hold several each.

    Invalid text ends the parsing of its line.
    """
    for line in lines:
        yield from _of_line(line)


def _of_line(line: str) -> Iterator[Challenge]:
    """Yield the challenges in one line.

    A parameter belongs to the scheme before it. A scheme is a token without an equals sign.
    """
    challenge: Challenge | None = None
    position = _after(_BETWEEN, line, 0)
    while position < len(line):
        parameter = _PARAMETER.match(line, position)
        if parameter is not None and challenge is not None:
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            # Names are case-insensitive, and may occur once in a challenge (RFC 9110, section
            # 11.2).
            challenge.parameters.setdefault(name.lower(), value)
            position = parameter.end()
        else:
            scheme = _SCHEME.match(line, position)
            if scheme is None:
                break
            if challenge is not None:
                yield challenge
            challenge = Challenge(scheme[1].lower())
            position = scheme.end()
            # A token68 may end in `=`, like a parameter without a value (RFC 9110, section 11.2).
            if not _PARAMETER.match(line, position):
                position = _after(_TOKEN68, line, position)
        position = _after(_BETWEEN, line, position)
    if challenge is not None:
        yield challenge


def _after(pattern: re.Pattern[str], line: str, position: int) -> int:
    match = pattern.match(line, position)
    if match is None:
        return position
    return match.end()
