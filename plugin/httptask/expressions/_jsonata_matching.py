"""JSONata's functions that match a text against a text, a regular expression or a function."""

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
    """One match in a text."""

    match: str
    start: int
    end: int
    groups: list[Any]

    def as_object(self) -> dict[str, Any]:
        return {
            "match": self.match,
            "start": self.start,
            "end": self.end,
            "groups": self.groups,
        }


def _matches(matcher: Any, string: str) -> Iterator[_Match]:
    """Yield the matches of *matcher* in *string*.

    A matcher is a regular expression, or a function that returns objects as in `as_object`.
    """
    if Library.is_regex(matcher):
        for number, match in enumerate(matcher.finditer(string)):
            if number and not match[0]:
                raise JException("D1004", -1)
            yield _Match(
                match[0],
                match.start(),
                match.end(),
                list(match.groups()),
            )
            if match.end() >= len(string):
                return
        return
    result = called(matcher, string)
    while result is not None:
        if not isinstance(result, dict) or not {"match", "start", "next"} <= result.keys():
            raise JException("T1010", -1)
        end = result["start"] + len(result["match"])
        yield _Match(
            result["match"],
            result["start"],
            end,
            result.get("groups", []),
        )
        result = called(result["next"])


def matched(expression: re.Pattern[str], string: str) -> Any:
    """Return the first match of the regular *expression*; its `next` is a function for the
    next match.
    """

    def next_match() -> Any:
        match = next(matches, None)
        if match is None:
            return None
        return match.as_object() | {"next": Function("next", "<>", next_match)}

    matches = _matches(expression, string)
    return next_match()


def contains(string: Any, token: Any) -> Any:
    if string is None or token is None:
        return None
    if isinstance(token, str):
        return token in string
    return next(_matches(token, string), None) is not None


def match(string: Any, matcher: Any, limit: Any = None) -> Any:
    if string is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3040", -1, limit)
    return sequence(
        {
            "match": item.match,
            "index": item.start,
            "groups": item.groups,
        }
        for item in _first(limit, _matches(matcher, string))
    )


def _first(limit: Any, matches: Iterator[_Match]) -> Iterator[_Match]:
    """Yield the first *limit* of *matches* without searching further; None: all."""
    count = 0
    while limit is None or count < limit:
        match = next(matches, None)
        if match is None:
            return
        yield match
        count += 1


def split(string: Any, separator: Any, limit: Any = None) -> Any:
    if string is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1, limit)
    count = None if limit is None else math.floor(limit)
    if separator is None:
        return [string][:count]
    if isinstance(separator, str):
        return (string.split(separator) if separator else list(string))[:count]
    pieces = []
    start = 0
    for match in _first(limit, _matches(separator, string)):
        pieces.append(string[start : match.start])
        start = match.end
    return [*pieces, string[start:]][: None if limit is None else math.ceil(limit)]


def replace(
    string: Any,
    pattern: Any,
    replacement: Any,
    limit: Any = None,
) -> Any:
    if string is None:
        return None
    if pattern == "":
        raise JException("D3010", -1)
    if limit is not None and limit < 0:
        raise JException("D3011", -1)
    if pattern is None or replacement is None:
        if pattern is None:
            return string
        return replace(string, pattern, "", limit)
    if isinstance(pattern, str):
        if not isinstance(replacement, str):
            raise JException("D3012", -1)
        return string.replace(pattern, replacement, -1 if limit is None else math.ceil(limit))
    pieces = []
    start = 0
    for match in _first(limit, _matches(pattern, string)):
        pieces += [string[start : match.start], _replaced(match, replacement)]
        start = match.end
    return "".join([*pieces, string[start:]])


def _replaced(match: _Match, replacement: Any) -> str:
    if isinstance(replacement, str):
        return _REFERENCE.sub(functools.partial(_referred, match), replacement)
    result = called(replacement, match.as_object())
    if not isinstance(result, str):
        raise JException("D3012", -1)
    return result


_REFERENCE = re.compile(r"\$(\$|[0-9]+)")


def _referred(match: _Match, reference: re.Match[str]) -> str:
    """Return the text for *reference*: `$$`, `$0` or `$12`.

    The number in *reference* has as many digits as the number of groups, or one fewer.
    """
    digits = reference[1]
    if digits == "$":
        return "$"
    if digits[0] == "0":
        return match.match + digits[1:]
    most = len(str(len(match.groups)))
    number = digits[:most]
    if most > 1 and int(number) > len(match.groups):
        number = digits[: most - 1]
    group = None
    if 0 < int(number) <= len(match.groups):
        group = match.groups[int(number) - 1]
    return ("" if group is None else text(group)) + digits[len(number) :]
