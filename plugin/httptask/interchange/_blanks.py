"""Blanks: values that a pasted request does not contain, as `$TOKEN` or Postman's `{{baseUrl}}`.

While a request is read, a random word of letters and digits stands for each blank. Such a word
survives quoting, URLs and JSON. At the end, it is replaced by an expression that reads an input
parameter.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from httptask._core.strict_json import dump
from httptask.expressions import escape

_NOT_IN_A_NAME = re.compile(r"\W+", re.ASCII)


class Blanks:
    """The blanks of one pasted text."""

    def __init__(self) -> None:
        self._mark = f"x{secrets.token_hex(8)}x"
        self._names: list[str] = []
        self._expressions: dict[int, str] = {}
        """Number of a blank -> its expression, if it needs no input parameter."""
        self._pattern = re.compile(self._mark + r"(\d+)x")

    def blank(self, name: str) -> str:
        """Return the word that stands for the value *name*."""
        if name not in self._names:
            self._names.append(name)
        return f"{self._mark}{self._names.index(name)}x"

    def expression(self, text: str) -> str:
        """Return a word that stands for the expression *text*."""
        word = self.blank(text)
        self._expressions[self._names.index(text)] = text
        return word

    @property
    def pattern(self) -> str:
        """A regular expression, without groups, that matches the word of any blank."""
        return self._mark + r"\d+x"

    def in_text(self, text: str) -> bool:
        """Say whether *text* contains a blank."""
        return self._mark in text

    def names(self, value: Any) -> list[str]:
        """Return the names of the blanks in the JSON *value* that need an input parameter."""
        if not self._names:
            return []
        numbers = (match[1] for match in self._pattern.finditer(dump(value)))
        distinct = dict.fromkeys(map(int, numbers))
        return [self._names[number] for number in distinct if number not in self._expressions]

    def readable(self, text: str) -> str:
        """Return *text* for people, with each blank as its name in braces."""
        return self._pattern.sub(lambda match: "{" + self._names[int(match[1])] + "}", text)

    def quoted_in_json(self, text: str) -> str:
        """Return the JSON *text* with quotes around the blanks that are not in strings."""
        if not self.in_text(text):
            return text
        pattern = r'"(?:[^"\\]|\\.)*"|' + self._pattern.pattern
        return re.sub(
            pattern,
            lambda match: match[0] if match[0].startswith('"') else f'"{match[0]}"',
            text,
        )

    def filled(self, value: Any) -> Any:
        """Return the JSON *value* as settings: blanks become expressions, other text is escaped."""
        return self._mapped(value, self._written)

    def _written(self, text: str) -> str:
        pieces = self._pattern.split(text)  # odd indices are the numbers of blanks
        written = []
        for index, piece in enumerate(pieces):
            if index % 2:
                written.append(self._expression(int(piece)))
            else:
                written.append(escape(piece) if piece else "")
        return "".join(written)

    def _expression(self, number: int) -> str:
        parameter = "${$." + parameter_name(self._names[number]) + "}"
        return self._expressions.get(number, parameter)

    def _mapped(self, value: Any, change: Callable[[str], str]) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {key: self._mapped(item, change) for key, item in value.items()}
        if isinstance(value, list):
            return [self._mapped(item, change) for item in value]
        return value


def parameter_name(name: str) -> str:
    """Turn *name* into the name of an input parameter, so that `$.name` can refer to it."""
    plain = _NOT_IN_A_NAME.sub("_", name).strip("_") or "value"
    if plain[0].isdigit():
        return f"_{plain}"
    return plain
