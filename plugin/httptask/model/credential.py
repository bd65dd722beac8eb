"""A named secret that does not print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from httptask._core.redaction import MASK
from httptask.model.rates import RateLimit


class Secret:
    """A string that shows a mask wherever it could be printed; `reveal()` is the only way to it.

    It refuses to be pickled: a secret must not travel in a workflow's history or between processes.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value. Only masking and the code that puts it on the wire may call this."""
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


Owner = str | tuple[str, ...]
"""The owner of a connection: a credential's name, or several that authorise together."""


def names_of(owner: Owner | None) -> tuple[str, ...]:
    """Return the names of the credentials of *owner*."""
    if isinstance(owner, str):
        return (owner,)
    return owner or ()


def concealed(value: Any) -> Any:
    """Return the JSON *value* with every string in it as a `Secret`."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, Mapping):
        return {name: concealed(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [concealed(child) for child in value]
    return value


def revealed(value: Any) -> Any:
    """Return *value* with every `Secret` in it as plain text."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: revealed(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(child) for child in value]
    return value


def _secrets(value: Any) -> Iterator[Secret]:
    """Yield every `Secret` in *value*, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _secrets(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _secrets(child)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential from a store: a scheme, and the fields that the scheme needs."""

    name: str
    """The name by which definitions refer to it."""
    scheme: str
    """The auth scheme that uses it: `basic`, `bearer`, `apiKey`, or a plugin's."""
    fields: Mapping[str, Any]
    """The scheme's fields: text, or any JSON if the scheme's `credential_schema` allows it.

    A value that authorises is a `Secret`. The place of a key (`in`, `name`) is plain text.
    """
    origins: tuple[str, ...] = ()
    """The origins it may be sent to, such as `https://api.procore.com`; empty: any."""
    rate_limit: RateLimit | None = None
    """The limit on requests with this credential, for each origin, over all tasks that use it."""

    def secrets(self) -> tuple[str, ...]:
        """Return the values to mask."""
        return tuple(secret.reveal() for secret in _secrets(self.fields))

    def revealed(self) -> dict[str, Any]:
        """Return the fields as JSON, with the secrets in clear.

        Only an auth scheme may call this.
        """
        return {name: revealed(value) for name, value in self.fields.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the name, the scheme and the origins; never a field's value."""
        return {
            "name": self.name,
            "scheme": self.scheme,
            "origins": list(self.origins),
        }
