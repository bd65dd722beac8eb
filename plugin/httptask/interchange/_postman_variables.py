"""Replace Postman's variables, `{{name}}`, by their values, or by blanks if they have none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.errors import InterchangeError
from httptask.interchange._blanks import Blanks
from httptask.interchange._documents import objects, texts

_VARIABLE = re.compile(r"\{\{([^{}]{1,200})\}\}")
_MOST_ROUNDS = 10
_MOST_CHARACTERS = 1_000_000
"""The most characters that the values of variables in one text may have together."""
_DYNAMIC = {
    "$guid": "${swf:uuid}",
    "$randomUUID": "${swf:uuid}",
    "$isoTimestamp": "${swf:now}",
}
"""Dynamic variable of Postman -> an expression with the same meaning."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a scope."""

    blanks: Blanks
    values: Mapping[str, str] = field(default_factory=dict)

    def with_list(self, variables: Any) -> Variables:
        """Return these variables with those of the list *variables*, which override them."""
        listed = {
            texts(variable.get("key")) or texts(variable.get("id")): texts(variable.get("value"))
            for _, variable in objects(variables)
            if not variable.get("disabled")
        }
        if listed:
            return Variables(self.blanks, {**self.values, **listed})
        return self

    def filled(self, text: str) -> str:
        """Replace the variables in *text* by their values, or by blanks if they have none."""
        for _ in range(_MOST_ROUNDS):
            if "{{" not in text:
                return text
            names = (match[1].strip() for match in _VARIABLE.finditer(text))
            # Checked before the text is made: values that name each other grow exponentially.
            if sum(len(self.values.get(name, "")) for name in names) > _MOST_CHARACTERS:
                raise InterchangeError(
                    "the variables of the collection make a text of more than"
                    f" {_MOST_CHARACTERS:,} characters"
                )
            text = _VARIABLE.sub(self._value, text)
        return _VARIABLE.sub(lambda match: self.blanks.blank(match[1].strip()), text)

    def _value(self, match: re.Match[str]) -> str:
        name = match[1].strip()
        if self.values.get(name):
            return self.values[name]
        if name in _DYNAMIC:
            return self.blanks.expression(_DYNAMIC[name])
        return self.blanks.blank(name.removeprefix("$"))
