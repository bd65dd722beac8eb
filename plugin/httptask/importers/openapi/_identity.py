"""Who offers an API, what it is called, where it is: what all endpoints of one description
share.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask.importers._slug import company, provider_of_hosts
from httptask.importers.openapi._context import Context, text_of
from httptask.model.api import Api, Server
from httptask.protocols import ImportOptions

_SUFFIX = re.compile(r"(?i)[._-]?(openapi|swagger|spec|api)?\.(json|ya?ml)\Z")
_GENERIC = frozenset(
    ("openapi", "swagger", "api", "api-docs", "spec", "index", "schema", "standard input", "")
)
"""File names that say nothing of whose description it is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What every endpoint of a description carries."""

    provider: str
    vendor: str
    """The first part of an endpoint's id: the provider, with the service where the provider has
    several.
    """
    api: Api
    servers: tuple[Server, ...]
    """Those a person gave instead of the described ones; empty: the described ones."""


def identity_of(
    context: Context,
    root: Mapping[str, Any],
    source: str,
    servers: tuple[Server, ...],
    options: ImportOptions,
) -> Identity:
    """Return the identity of the description *root*, read from *source*, whose *servers* are known
    already.
    """
    info, at = context.mapping(root.get("info"), "#/info", "info", severity="warning")
    given = tuple(Server(url.rstrip("/")) for url in options.servers)
    title, service = text_of(info, "title"), text_of(info, "x-serviceName")
    provider = options.provider
    if provider is None and (named := text_of(info, "x-providerName")):
        provider = company(f"https://{named}") or slug(named)
    if provider is None:
        provider, how = _guessed(source, title, servers or given)
        context.notes.add(
            "guessed",
            f"the provider is {provider!r}, from {how}; say another with --provider NAME",
            "#/info" if "info" in root else "#",
        )
    vendor = f"{provider}-{slug(service)}" if service and slug(service) != provider else provider
    version: Any = info.get("version")
    if isinstance(version, int | float):  # in YAML, `version: 1.10` without quotes
        version = context.references.written(version, f"{at}/version")
    api = Api(service or slug(title), title, version if isinstance(version, str) else "")
    return Identity(provider, vendor, api, given)


def _guessed(source: str, title: str, servers: tuple[Server, ...]) -> tuple[str, str]:
    if (found := provider_of_hosts(server.url for server in servers)) is not None:
        return found, "its server"
    stem = _SUFFIX.sub("", re.split(r"[/\\]", source)[-1])
    if stem.lower() not in _GENERIC and slug(stem):
        return slug(stem), "the name of its file"
    return slug(title) or "unknown", "its title"


def slug(text: str) -> str:
    """Return *text* as a name: lower case, letters and digits of any script, other characters as
    single dashes.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "-", folded).strip("-")
