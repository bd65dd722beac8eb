"""Split a text into literal text and expressions.

The inside of an expression is not parsed here; only its end is found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from httptask.expressions._result import RefusedError

JSONATA = "jsonata:"
"""The prefix that selects JSONata: at the start of an expression, or of a whole value."""

_LONGEST_CACHED = 4096
"""Characters. Longer texts are split each time, so that bodies do not fill the cache."""

_OBJECTS = (dict, Mapping)
"""`dict` comes first: a check against an abstract class is slow."""

_SPECIAL = re.compile(r"""[{}'"]""")
_SPECIAL_IN_JSONATA = re.compile(r"""[{}'"`/]""")
_BEFORE_A_REGEX = re.compile(r"""(?:^|[(\[{,;:=<>!&|?+~^.-]|(?<![\w$`])(?:and|or|in))$""")
_REGEX_PART = re.compile(r"""\\.|[/()\[\]{}]""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression in a text."""

    written: str
    """As written in the text, with `${` and `}`."""
    source: str
    """The text inside, without surrounding space; a whole value `jsonata: …` keeps its prefix."""
    start: int = 0
    """The index of the expression in the text."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text split into its parts."""

    parts: tuple[str | Expression, ...]
    """Literal text (escapes undone) and expressions, in order; no literal part is empty."""
    unclosed: str | None = None
    """The rest of the text from the first `${` without an end. It is not among the parts."""
    fault: RefusedError | None = None
    """Why *unclosed* has no end."""

    @property
    def whole(self) -> bool:
        """Whether the text is wholly one expression, so that the result keeps its JSON type."""
        return (
            len(self.parts) == 1 and self.unclosed is None and isinstance(self.parts[0], Expression)
        )


def is_expression(text: str) -> bool:
    """Say whether *text* is wholly one expression, and so may stand in place of any JSON value."""
    if text.startswith("${"):
        return split(text).whole
    return text.startswith(JSONATA)


def has_expression(text: str) -> bool:
    """Say whether *text* contains an expression, or the start of an expression without an end."""
    if "${" not in text:
        return text.startswith(JSONATA)
    template = split(text)
    return template.unclosed is not None or any(
        isinstance(part, Expression) for part in template.parts
    )


def literals(text: str) -> list[str]:
    """Return the parts of *text* outside of its expressions."""
    return [part for part in split(text).parts if isinstance(part, str)]


def holds_expression(value: Any, has: Callable[[str], bool] = has_expression) -> bool:
    """Say whether a text in the JSON *value*, at any depth, has an expression by the test *has*.

    Names of objects are not checked.
    """
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str):
            if has(item):
                return True
        elif isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, _OBJECTS):
            queue.extend(item.values())
    return False


def may_change(text: str) -> bool:
    """Say whether evaluation may change *text*: an expression or an escaped expression is in it."""
    return "${" in text or text.startswith(JSONATA)


def escape(text: str) -> str:
    """Return *text* escaped, so that it evaluates to itself.

    The dollar signs directly before `{` are doubled. A text that would be read as a whole value
    `jsonata: …` becomes a JSONata string, which is written as in JSON.
    """
    if text.startswith(JSONATA):
        return "${" + JSONATA + json.dumps(text, ensure_ascii=False) + "}"
    if "${" in text:
        return re.sub(r"(?<!\$)\$+(?=\{)", lambda run: run[0] * 2, text)
    return text


def split(text: str) -> Template:
    """Return *text* split into literal text and expressions."""
    if len(text) <= _LONGEST_CACHED:
        return _split_cached(text)
    return _split(text)


def _split(text: str) -> Template:
    """Split *text*: see `split`."""
    if text.startswith(JSONATA):
        return Template((Expression(text, text.strip()),))
    parts: list[str | Expression] = []
    literal: list[str] = []
    position = 0

    def end_literal() -> None:
        written = "".join(literal)
        if written:
            parts.append(written)
        literal.clear()

    while (brace := text.find("${", position) + 1) > 0:
        first = brace - 1
        while first > position and text[first - 1] == "$":
            first -= 1
        # Two dollar signs stand for one. A remaining dollar sign opens an expression.
        dollars, is_open = divmod(brace - first, 2)
        literal.append(text[position:first] + "$" * dollars)
        if not is_open:
            literal.append("{")
            position = brace + 1
            continue
        end_literal()
        end, fault = _end(text, brace + 1)
        if fault is not None:
            return Template(tuple(parts), text[brace - 1 :], fault)
        parts.append(
            Expression(text[brace - 1 : end + 1], text[brace + 1 : end].strip(), brace - 1)
        )
        position = end + 1
    literal.append(text[position:])
    end_literal()
    return Template(tuple(parts))


_split_cached = lru_cache(maxsize=1024)(_split)


def _end(text: str, start: int) -> tuple[int, RefusedError | None]:
    """Return the index of the `}` that ends an expression, or -1 and the fault.

    The inside of the expression begins at *start*. Braces nest. Braces in quotes do not count; in
    JSONata neither do braces in quoted names, comments and regular expressions.
    """
    jsonata = text[start : start + 200].lstrip().startswith(JSONATA)
    special, skip = (_SPECIAL_IN_JSONATA, _skip_in_jsonata) if jsonata else (_SPECIAL, _skip_quoted)
    depth = 0
    position = start
    while match := special.search(text, position):
        sign = match[0]
        position = match.end()
        if sign == "{":
            depth += 1
        elif sign == "}":
            if depth == 0:
                return match.start(), None
            depth -= 1
        else:
            position = skip(text, start, match.start())
            if position < 0:
                # Counted from 1, and including the `${` before *start*.
                number = match.start() - start + 3
                return -1, RefusedError("expression-sign-unclosed", sign=sign, character=number)
    return -1, RefusedError("expression-brace-unclosed" if depth else "expression-unclosed")


def _skip_quoted(text: str, _start: int, position: int) -> int:
    """Return the index after the string that begins at *position*; -1 if it has no end."""
    quote = text[position]
    position += 1
    while (end := text.find(quote, position)) >= 0:
        escapes = end
        while escapes > position and text[escapes - 1] == "\\":
            escapes -= 1
        if (end - escapes) % 2 == 0:
            return end + 1
        position = end + 1
    return -1


def _skip_in_jsonata(text: str, start: int, position: int) -> int:
    """Return the index after the string, quoted name, comment or regular expression at *position*.

    A `/` for division is skipped alone. -1 if the element at *position* has no end.
    """
    sign = text[position]
    if sign == "`":  # a quoted name has no escapes
        return text.find("`", position + 1) + 1 or -1
    if sign != "/":
        return _skip_quoted(text, start, position)
    if text.startswith("/*", position):
        end = text.find("*/", position + 2)
        return end + 2 if end >= 0 else -1
    before = text[max(start + len(JSONATA), position - 100) : position].rstrip()
    if _BEFORE_A_REGEX.search(before):
        return _skip_regex(text, position + 1)
    return position + 1


_DEPTHS = {
    "(": 1,
    "[": 1,
    "{": 1,
    ")": -1,
    "]": -1,
    "}": -1,
}
"""Bracket -> how much deeper it nests what follows."""


def _skip_regex(text: str, position: int) -> int:
    """Return the index after the regular expression that begins at *position*; -1 without an
    end.
    """
    # JSONata ends a regular expression at the first / outside brackets.
    depth = 0
    for match in _REGEX_PART.finditer(text, position):
        if match[0] == "/" and depth == 0:
            return match.end()
        depth += _DEPTHS.get(match[0], 0)
    return -1
