"""JSONata's functions that look for something in a text: with a text, a regular expression, or a
function.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonata.functions import Functions as Library
from jsonata.jexception import JException

from httptask.expressions._jsonata_calls import Function, called
from httptask.expressions._jsonata_values import sequence, text


@dataclass(frozen=True, slots=True)
class _Match:
    match: str
    start: int
    end: int
    groups: list[Any]

    def as_object(self) -> dict[str, Any]:
        return {"match": self.match, "start": self.start, "end": self.end, "groups": self.groups}


def _matches(matcher: Any, string: str) -> Iterator[_Match]:
    """Yield where *matcher* is found in *string*: a regular expression, or a function that returns
    such objects.
    """
    if Library.is_regex(matcher):
        for number, found in enumerate(matcher.finditer(string)):
            if number and not found[0]:
                raise JException("D1004", -1)
            yield _Match(found[0], found.start(), found.end(), list(found.groups()))
            if found.end() >= len(string):
                return
        return
    found = called(matcher, string)
    while found is not None:
        if not isinstance(found, dict) or not {"match", "start", "next"} <= found.keys():
            raise JException("T1010", -1)
        end = found["start"] + len(found["match"])
        yield _Match(found["match"], found["start"], end, found.get("groups", []))
        found = called(found["next"])


def matched(expression: re.Pattern[str], string: str) -> Any:
    """Return what calling the regular *expression* yields: the first match, with the function that
    finds the next.
    """

    def following() -> Any:
        found = next(matches, None)
        return (
            None
            if found is None
            else found.as_object() | {"next": Function("next", "<>", following, 0)}
        )

    matches = _matches(expression, string)
    return following()


def contains(string: Any, token: Any) -> Any:
    if string is None or token is None:
        return None
    return (
        token in string
        if isinstance(token, str)
        else next(_matches(token, string), None) is not None
    )


def match(string: Any, matcher: Any, limit: Any = None) -> Any:
    if string is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3040", -1, limit)
    return sequence(
        {"match": found.match, "index": found.start, "groups": found.groups}
        for found in _first(limit, _matches(matcher, string))
    )


def _first(limit: Any, matches: Iterator[_Match]) -> Iterator[_Match]:
    count = 0
    while limit is None or count < limit:
        found = next(matches, None)
        if found is None:
            return
        yield found
        count += 1


def split(string: Any, separator: Any, limit: Any = None) -> Any:
    if string is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1, limit)
    most = None if limit is None else math.floor(limit)
    if separator is None:
        return [string][:most]
    if isinstance(separator, str):
        return (string.split(separator) if separator else list(string))[:most]
    pieces, start = [], 0
    for found in _first(limit, _matches(separator, string)):
        pieces.append(string[start : found.start])
        start = found.end
    return [*pieces, string[start:]][: None if limit is None else math.ceil(limit)]


def replace(string: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    if string is None:
        return None
    if pattern == "":
        raise JException("D3010", -1)
    if limit is not None and limit < 0:
        raise JException("D3011", -1)
    if pattern is None or replacement is None:
        return string if pattern is None else replace(string, pattern, "", limit)
    if isinstance(pattern, str):
        if not isinstance(replacement, str):
            raise JException("D3012", -1)
        return string.replace(pattern, replacement, -1 if limit is None else math.ceil(limit))
    pieces, start = [], 0
    for found in _first(limit, _matches(pattern, string)):
        pieces += [string[start : found.start], _replaced(found, replacement)]
        start = found.end
    return "".join([*pieces, string[start:]])


def _replaced(found: _Match, replacement: Any) -> str:
    if isinstance(replacement, str):
        return _REFERENCE.sub(functools.partial(_referred, found), replacement)
    result = called(replacement, found.as_object())
    if not isinstance(result, str):
        raise JException("D3012", -1)
    return result


_REFERENCE = re.compile(r"\$(\$|[0-9]+)")


def _referred(found: _Match, reference: re.Match[str]) -> str:
    """Return what *reference*, `$$`, `$0` or `$12`, stands for: as many digits as the number of
    groups has, or one less.
    """
    digits = reference[1]
    if digits == "$":
        return "$"
    if digits[0] == "0":
        return found.match + digits[1:]
    most = len(str(len(found.groups)))
    number = digits[:most]
    if most > 1 and int(number) > len(found.groups):
        number = digits[: most - 1]
    group = found.groups[int(number) - 1] if 0 < int(number) <= len(found.groups) else None
    return ("" if group is None else text(group)) + digits[len(number) :]
