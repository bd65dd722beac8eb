"""Find the provider, the API and the servers of a description, which all its endpoints share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask._visible import one_line, visible_name
from httptask.importers._slug import company, provider_of_hosts
from httptask.importers.openapi._context import Context, text_of
from httptask.model.api import Api, Server
from httptask.protocols import ImportOptions

_SUFFIX = re.compile(r"(?i)[._-]?(openapi|swagger|spec|api)?\.(json|ya?ml)\Z")
_GENERIC = frozenset(
    ("openapi", "swagger", "api", "api-docs", "spec", "index", "schema", "standard input", "")
)
"""File names that do not name a provider."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The provider, API and servers that the endpoints of a description share."""

    provider: str
    vendor: str
    """The first part of endpoint ids: the provider, and the service if one is described."""
    api: Api
    servers: tuple[Server, ...]
    """The servers that the user named. Empty if the described servers count."""


def identity_of(
    context: Context,
    root: Mapping[str, Any],
    source: str,
    servers: tuple[Server, ...],
    options: ImportOptions,
) -> Identity:
    """Return the identity of the description *root*, read from *source*.

    *servers* are the description's servers. *options* may override them and the provider.
    """
    info, info_uri = context.mapping(
        root.get("info"),
        "#/info",
        "info",
        severity="warning",
    )
    named_servers = tuple(Server(url.rstrip("/")) for url in options.servers)
    title = one_line(text_of(info, "title"))
    service = one_line(text_of(info, "x-serviceName"))
    provider = options.provider
    if provider is None and (provider_name := text_of(info, "x-providerName")):
        provider = company(f"https://{provider_name}") or slug(provider_name)
    if provider is None:
        provider, origin = _guessed(source, title, servers or named_servers)
        context.notes.add(
            "guessed",
            f"the provider is {provider!r}, from {origin}; say another with --provider NAME",
            "#/info" if "info" in root else "#",
        )
    vendor = provider
    if service and slug(service) != provider:
        vendor = f"{provider}-{slug(service)}"
    version: Any = info.get("version")
    if isinstance(version, int | float):  # in YAML, `version: 1.10` without quotes
        version = context.references.written(version, f"{info_uri}/version")
    version_text = ""
    if isinstance(version, str):
        version_text = one_line(version)
    api = Api(service or slug(title), title, version_text)
    return Identity(provider, vendor, api, named_servers)


def _guessed(source: str, title: str, servers: tuple[Server, ...]) -> tuple[str, str]:
    """Guess the provider; return its name and where the name comes from, for a note."""
    provider = provider_of_hosts(server.url for server in servers)
    if provider is not None:
        return provider, "its server"
    stem = _SUFFIX.sub("", re.split(r"[/\\]", source)[-1])
    if stem.lower() not in _GENERIC and slug(stem):
        return slug(stem), "the name of its file"
    return slug(title) or "unknown", "its title"


def slug(text: str) -> str:
    """Turn *text* into a name of lower-case letters and digits of any script, and single dashes."""
    folded = visible_name(unicodedata.normalize("NFKC", text)).lower()
    return re.sub(r"[\W_]+", "-", folded).strip("-")
