"""A cache of resolved credentials, valid as long as their stores have not changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from httptask.credentials._known import has_own_stores_alone
from httptask.credentials._resolve import resolved
from httptask.credentials._stores import from_environment, from_unchanged_file, variable

if TYPE_CHECKING:
    from httptask.credentials._resolve import Resolved
    from httptask.model.credential import Credential
    from httptask.plugins import PluginManager

_Kept = tuple[str, str | None, "Credential", "Resolved"]
"""The name of the credential's environment variable, the variable's text (None: the credential is
in the file), the credential as stored, and the resolved credential.
"""
_MOST = 1024
"""The most credentials that are kept."""


class CredentialsAtHand:
    """Resolved credentials by name, each with the content of its store at that time.

    The store is compared in every attempt, so that a changed secret is used at once. While it is
    unchanged, neither a thread nor a check of the fields is needed.
    """

    def __init__(self, plugins: PluginManager) -> None:
        self._plugins = plugins
        self._version = plugins.version
        self._kept: dict[str, _Kept] = {}

    def get(self, name: str) -> Resolved | None:
        """Return the credential *name* if it is in the cache and its store is unchanged, or
        None.
        """
        entry = self._kept.get(name)
        # Another version of the plugins may resolve the same document in another way.
        if entry is None or self._version != self._plugins.version:
            return None
        variable_name, text, stored, credential = entry
        if (os.environ.get(variable_name) or None) != text:
            return None
        if text is None and from_unchanged_file(name) is not stored:
            return None
        return credential

    def keep(self, name: str, credential: Resolved) -> None:
        """Keep *credential*, which has just been resolved, if its store can be compared quickly.

        These are the environment and the credentials file, if no plugin's store comes first.
        """
        self._kept.pop(name, None)
        if self._version != self._plugins.version or len(self._kept) >= _MOST:
            self._version = self._plugins.version
            self._kept.clear()
        if not has_own_stores_alone(self._plugins):
            return
        variable_text = os.environ.get(variable(name)) or None
        stored = from_environment(name) or from_unchanged_file(name)
        # The store may have changed since *credential* was resolved.
        if stored is not None and resolved(stored, self._plugins) is credential:
            self._kept[name] = variable(name), variable_text, stored, credential
