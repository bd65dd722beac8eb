"""URLs taken apart in one way only: what two readers would read differently is refused."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_AFTER_BRACKET = re.compile(r"\](?!:\d*$|$)")


def split_url(url: str) -> SplitResult:
    """Return the parts of *url* (RFC 3986). Raises `ValueError` with a sentence when it is no URL, or an ambiguous one."""
    split = urlsplit(url)
    _ = split.port  # raises for what is no port
    if _AFTER_BRACKET.search(split.netloc):  # urlsplit sees no port in "[::1]8081", other readers do
        raise ValueError(f"after ']' only a port may follow, found {split.netloc!r}")
    return split


def origin(url: str) -> str:
    """Return the origin of *url* (RFC 6454, section 4), the default port left out. Raises `ValueError` like `split_url`."""
    split = split_url(url)
    host = f"[{split.hostname}]" if ":" in (split.hostname or "") else split.hostname
    default = {"http": 80, "https": 443}.get(split.scheme)
    return f"{split.scheme}://{host}" + (f":{split.port}" if split.port and split.port != default else "")
