"""A named secret that does not print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from httptask._core.redaction import MASK


class Secret:
    """A string that shows a mask wherever it could be printed; `reveal()` is the only way to it.

    It refuses to be pickled: a secret must not travel in a workflow's history or between processes.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself. Only the code that puts it on the wire, and masking, may ask."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a secret cannot be pickled; pass the credential's name and resolve it where it is used"
        )


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as a store gives it: a kind, and the fields that kind needs."""

    name: str
    """What a definition calls it."""
    scheme: str
    """The auth scheme that knows how to use it: `basic`, `bearer`, `apiKey`, or a plugin's."""
    fields: Mapping[str, str | Secret]
    """The scheme's fields. Whatever authorises is a `Secret`; where a key goes (`in`, `name`) is
    plain text.
    """
    origins: tuple[str, ...] = ()
    """Where it may be sent: `https://api.procore.com`; empty is anywhere."""

    def secrets(self) -> tuple[str, ...]:
        """Return the values to mask."""
        return tuple(value.reveal() for value in self.fields.values() if isinstance(value, Secret))

    def to_json(self) -> dict[str, Any]:
        """Return name, scheme and origins; never a value."""
        return {"name": self.name, "scheme": self.scheme, "origins": list(self.origins)}
