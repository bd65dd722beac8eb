"""The credentials that a runtime has resolved, while their stores hold the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.credentials._known import has_own_stores_alone
from httptask.credentials._resolve import resolved
from httptask.credentials._stores import from_environment, from_unchanged_file

if TYPE_CHECKING:
    from httptask.credentials._resolve import Resolved
    from httptask.model.credential import Credential
    from httptask.plugins import PluginManager

_MOST = 1024
"""Credentials that are kept."""


def _stored(name: str) -> Credential | None:
    """Return the credential *name* of a store that can be asked without a thread, or None."""
    return from_environment(name) or from_unchanged_file(name)


class CredentialsAtHand:
    """Credentials by name, each with what its store held when it was resolved.

    The store is asked in every attempt, so that a changed secret counts at once; one that gives the
    same costs neither a thread nor a check of the fields.
    """

    def __init__(self, plugins: PluginManager) -> None:
        self._plugins = plugins
        self._version = plugins.version
        self._kept: dict[str, tuple[Credential, Resolved]] = {}

    def get(self, name: str) -> Resolved | None:
        """Return the credential *name* if it was kept, and its store holds the same; else None."""
        pair = self._kept.get(name)
        if pair is None or self._version != self._plugins.version:
            return None
        try:
            return pair[1] if _stored(name) is pair[0] else None
        except ValueError:  # it is broken now, which is said when it is resolved
            return None

    def keep(self, name: str, credential: Resolved) -> None:
        """Keep *credential*, as it was resolved just now, if its store can be asked at once."""
        self._kept.pop(name, None)
        if self._version != self._plugins.version or len(self._kept) >= _MOST:
            self._version = self._plugins.version
            self._kept.clear()
        stored = _stored(name) if has_own_stores_alone(self._plugins) else None
        # Another one may have been written meanwhile.
        if stored is not None and resolved(stored, self._plugins) is credential:
            self._kept[name] = stored, credential
