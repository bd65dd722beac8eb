"""The `swf:` names of one visit, for its expressions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from hashlib import sha1
from typing import Any

_VISITS = uuid.UUID("0b2f6a3c-5f0d-5c8e-9a51-7c4b3d1e8f62").bytes
"""The namespace of `${swf:uuid}` (RFC 9562, section 6.5). It must never change: a run may outlive a
release, and a replay must get the same values.
"""


class VisitNames(Mapping[str, Any]):
    """*names*, and `uuid`, a name-based UUID of the text *identity*.

    The UUID is computed on access: each step and each item has one, and few expressions use it.
    """

    __slots__ = ("_identity", "_names")

    def __init__(self, names: Mapping[str, Any], identity: str) -> None:
        self._names = names
        self._identity = identity

    def __getitem__(self, name: str) -> Any:
        if name == "uuid":
            return named_uuid(_VISITS, self._identity)
        return self._names[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        yield "uuid"

    def __len__(self) -> int:
        return len(self._names) + 1

    def __repr__(self) -> str:
        return repr(dict(self))


def named_uuid(namespace: bytes, name: str) -> str:
    """Return the text of `uuid.uuid5` (RFC 9562, section 5.5), several times as fast."""
    digits = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
