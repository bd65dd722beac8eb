"""Store the secrets of pasted requests as credentials, and give each a name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from httptask._http.syntax import split_url
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured
from httptask.model.credential import Credential, Secret

_IN_CLEAR = frozenset(
    ("in", "name", "region", "service", "grant", "tokenUrl", "authorizationUrl", "scopes")
)
"""Fields of a credential that are not secret."""
_COMMON_LABELS = frozenset(("api", "www", "app", "rest", "sandbox", "staging", "com", "org", "net"))


class Keeping:
    """The credentials that requests need. Equal credentials are stored once."""

    def __init__(self, blanks: Blanks) -> None:
        self._blanks = blanks
        self._by_fields: dict[tuple[object, ...], str] = {}
        self.credentials: dict[str, Credential] = {}

    def keep(
        self,
        captured: Captured,
        scheme: str,
        fields: Mapping[str, str],
        label: str,
        suffix: str = "",
    ) -> str:
        """Store *fields* as a credential for the origin of *captured*, and return its name.

        *label* says in the message where the secret was. *suffix*, as a part of the name,
        distinguishes credentials for the same host.
        """
        origins = _origins(captured.url, self._blanks)
        # The same secret in many requests of a collection is stored once.
        key = (scheme, origins, tuple(sorted(fields.items())))
        name = self._by_fields.get(key)
        missing = sorted(
            field for field, value in fields.items() if self._blanks.in_text(str(value))
        )
        if name is None:
            name = self._new_name(captured.url, suffix)
            known_fields = {
                field: value if field in _IN_CLEAR else Secret(value)
                for field, value in fields.items()
                if field not in missing
            }
            self._by_fields[key] = name
            self.credentials[name] = Credential(name, scheme, known_fields, origins)
        captured.lose("secret-moved", label=label, credential=name)
        for field in missing:
            captured.lose("secret-to-give", credential=name, field=field)
        return name

    def _new_name(self, url: str, suffix: str) -> str:
        base = _label(url, self._blanks)
        if suffix:
            base = f"{base}-{re.sub(r'[^a-z0-9]+', '-', suffix.lower()).strip('-') or 'key'}"
        name = base
        number = 1
        while name in self.credentials:
            number += 1
            name = f"{base}-{number}"
        return name


def _origins(url: str, blanks: Blanks) -> tuple[str, ...]:
    server = re.match(r"[a-z]+://[^/?#]*", url, re.IGNORECASE)
    if server is None or blanks.in_text(server[0]) or "{" in server[0]:
        return ()
    return (server[0].lower(),)


def _label(url: str, blanks: Blanks) -> str:
    """Return a name for the owner of *url*: `acme` for https://api.acme.example/v1."""
    server = url.partition("://")[2] or url
    try:
        host = split_url(f"//{re.split(r'[/?#]', server)[0]}").hostname or ""
    except ValueError:
        host = ""
    if blanks.in_text(host) or re.fullmatch(r"[\d.:]*|\[.*\]", host):
        return "pasted"
    # Without the top-level domain, which says nothing about the owner.
    labels = [label for label in host.split(".")[:-1] if label not in _COMMON_LABELS]
    label = labels[-1] if labels else host.partition(".")[0]
    plain = re.sub(r"[^a-z0-9-]+", "-", label.lower())
    return plain.strip("-") or "pasted"
