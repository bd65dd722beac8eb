"""One problem of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from httptask._visible import apart, exact, in_line
from httptask.errors._sentences import SENTENCES, sentence

WHOLE_DOCUMENT = "(the document)"
"""The place of a problem without a pointer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a document: where it is, what is wrong, and what to do about it."""

    pointer: str
    """The JSON Pointer (RFC 6901) of the problem in the document; "" is the whole document."""
    message: str
    """What is wrong and what was expected, as one sentence without a full stop."""
    suggestion: str | None = None
    """The nearest allowed name or value, if one is near."""
    line: int | None = None
    """The line in the document's text, from 1, if it was read from text."""
    severity: str = "error"
    """`error`, or `warning` for something that will run but should be looked at."""
    code: str | None = None
    """The kind of problem, for programs: `required`, `secret-in-the-open`. A plugin's problem may
    have none.
    """
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The parts of the sentence, as a JSON object: `name`, `expected`, `found`."""

    @classmethod
    def of(
        cls,
        code: str,
        pointer: str,
        *,
        suggestion: str | None = None,
        line: int | None = None,
        severity: str = "error",
        **params: Any,
    ) -> Self:
        """Make a problem with *code* at *pointer*; *params* that are None are left out."""
        set_params = {name: value for name, value in params.items() if value is not None}
        return cls(
            pointer,
            sentence(code, set_params),
            suggestion,
            line,
            severity,
            code,
            set_params,
        )

    def with_params(self, **params: Any) -> Self:
        """Return a copy with *params* added, and a new sentence from all params.

        If the code has no sentence in httptask, as a plugin's may, the sentence stays.
        """
        params = {**self.params, **params}
        if self.code is None or self.code not in SENTENCES:
            return replace(self, params=params)
        return replace(self, params=params, message=sentence(self.code, params))

    def titled(self, titles: Mapping[str, str]) -> Self:
        """Return a copy whose message has the *titles* of a form in place of names of settings.

        Only httptask's own words change, and the name of a setting that is required: any other
        param, such as the message of a server, stays as it is.
        """
        code, params = self.code, dict(self.params)
        if code is None or not self._is_in_our_words():
            return self
        if code == "required" and self.pointer.endswith("/httpRequest"):
            params["name"] = _Title(titles.get(params["name"], params["name"]))
        return replace(self, message=sentence(code, params, titles))

    def _is_in_our_words(self) -> bool:
        """Say whether the message is httptask's sentence for the code, filled in with the
        params.
        """
        if self.code is None or self.code not in SENTENCES:
            return False
        try:
            return sentence(self.code, self.params) == self.message
        except (LookupError, TypeError, ValueError, AttributeError):
            return False  # a plugin's problem has other params

    def reason(self, pointer: str | None = None) -> dict[str, Any]:
        """Return the problem as the `reason` of another problem.

        It is `{"code", "params"?, "pointer"?, "suggestion"?}`. With *pointer*, that of the other
        problem, the reason has this problem's pointer relative to it, and the suggestion.
        """
        reason_object: dict[str, Any] = {"code": self.code or self.message}
        if self.params:
            reason_object["params"] = dict(self.params)
        if pointer is not None and self.pointer != pointer:
            reason_object["pointer"] = self.pointer.removeprefix(pointer)
        if pointer is not None and self.suggestion:
            reason_object["suggestion"] = self.suggestion
        return reason_object

    def masked(self, mask: Callable[[str], str]) -> Self:
        """Return a copy with the message and all texts in the params masked by *mask*."""
        return replace(self, message=mask(self.message), params=masked(dict(self.params), mask))

    def __str__(self) -> str:
        return self.text()

    def text(self, whole: str = WHOLE_DOCUMENT) -> str:
        """Return the problem in one line, for people.

        *whole* is the place shown when the pointer is ""; "" shows none. Line breaks and control
        characters, which a key in the document may contain, are escaped.
        """
        where = exact(self.pointer) or whole
        line = f"line {self.line}, " if self.line else ""
        hint = f"; did you mean {apart(exact(self.suggestion))}?" if self.suggestion else ""
        place = f"{line}{where}: " if where else ""
        return f"{place}{in_line(self.message)}{hint}"

    def to_json(self) -> dict[str, Any]:
        """Return the problem as a JSON object; absent fields are left out."""
        fields = {
            "pointer": self.pointer,
            "message": self.message,
            "suggestion": self.suggestion,
            "line": self.line,
            "severity": self.severity,
            "code": self.code,
            "params": dict(self.params) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the problem that `to_json` converted to *value*."""
        names = ("pointer", "message", "suggestion", "line", "severity", "code", "params")
        return cls(**{name: value[name] for name in names if name in value})


class _Title(str):
    """A title, in the quotation marks of a text for people."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"“{self}”"


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return the JSON *value* with every text in it masked by *mask*; names of members stay."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: masked(item, mask) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    return value
