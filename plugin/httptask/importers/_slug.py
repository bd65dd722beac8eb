"""Make endpoint ids, and guess the provider from a file name or a host name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from httptask._visible import visible_name

_DASHES = str.maketrans({"/": "-", ".": "-", "{": None, "}": None})
_SUFFIXES = re.compile(r"(?:\.[A-Za-z]+)+\Z")
_LABEL = re.compile(r"(?=[0-9-]*[a-z])[a-z0-9][a-z0-9-]*\Z")
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})
"""Labels that do not name a company before a country code: `co.uk`."""
_HOSTING = frozenset(
    (
        "amplifyapp",
        "appspot",
        "azurewebsites",
        "cloudfunctions",
        "fly",
        "github",
        "herokuapp",
        "netlify",
    )
)
"""Labels of hosting services, whose customers have subdomains: `acme.herokuapp.com`."""
_GENERIC = frozenset(("api", "apis", "app", "apps", "dev", "service"))
"""Labels that name a company only together with the top-level domain: `api.video`."""
_HASH = re.compile(r"[0-9a-f]{3,56}\Z")


def endpoint_id(
    provider: str,
    path: str,
    method: str,
    digits: int = 3,
) -> str:
    """Return the id of an endpoint: `<provider>-<path>-<method>-<hash>`.

    The path loses its leading slash, its braces and invisible characters, so that people can read
    the id and type it on a command line. `/`, `.` and spaces become `-`; all letters are lower
    case. The hash is the first *digits* hex digits of the SHA-224 of the path template exactly as
    given. Ask for more digits if two ids would otherwise be equal.
    """
    return f"{visible_name(provider).lower()}-{_slug(path, method)}-{_digest(path)[:digits]}"


def provider_of_name(name: str, path: str, method: str) -> str | None:
    """Return the provider in the file name *name*, if *name* is the id of *path* and *method*."""
    stem = visible_name(_SUFFIXES.sub("", name.rpartition("/")[2]))
    head, _, tail = stem.rpartition("-")
    vendor = head.removesuffix(f"-{_slug(path, method)}")
    if vendor in (head, ""):
        return None
    # Other files are named alike: only the hash shows that the name was made from this path.
    is_hash = _HASH.match(tail) and _digest(path).startswith(tail)
    return vendor if is_hash else None


def provider_of_hosts(urls: Iterable[str]) -> str | None:
    """Return the provider that the first of *urls* with a `company` names, or None."""
    return next((label for label in map(company, urls) if label is not None), None)


def _slug(path: str, method: str) -> str:
    return f"{visible_name(path.removeprefix('/')).translate(_DASHES)}-{method}".lower()


@lru_cache(maxsize=64)
def _digest(path: str) -> str:
    """Return the hash of *path*. Cached: the methods of a path share it."""
    import hashlib  # imported late: it loads OpenSSL

    return hashlib.sha224(path.encode("utf-8", "surrogatepass")).hexdigest()


def company(url: str) -> str | None:
    """Return the label of *url*'s host that names the provider: `brevo` in `api.brevo.com`.

    Return None if no label does.
    """
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # a broken IPv6 address
        return None
    labels = host.split(".")
    # `co.uk` is as general as `com`.
    has_country = len(labels) > 2 and len(labels[-1]) == 2
    if has_country and labels[-2] in _SECOND_LEVEL:
        labels.pop()
    while len(labels) > 2 and labels[-2] in _HOSTING:
        labels.pop()  # the customer's name is the label before
    if len(labels) < 2 or not _LABEL.match(labels[-2]):
        return None
    if labels[-2] not in _GENERIC:
        return labels[-2]
    return "-".join(labels[-2:])
