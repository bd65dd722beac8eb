"""A path or an address in a query: `/v1/customers/{id}`, `GET /v1/customers`,
`https://api.stripe.com/v1/customers/cus_1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PASTED = re.compile(
    r"\s*(?:[A-Za-z]{1,10}\s+)?(?:[A-Za-z]{1,10}://(?P<host>[^\s/?#]+))?(?P<path>/[^\s]+)\s*\Z"
)
MOST_SEGMENTS = 20


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted, taken apart."""

    host: str
    """"" when only a path was pasted."""
    path: str
    segments: tuple[str, ...]
    """Of the path, without a query string and a fragment."""

    @classmethod
    def of(cls, query: str) -> Pasted | None:
        """Return what was pasted, or None when *query* is words."""
        found = _PASTED.match(query)
        if found is None:
            return None
        segments = tuple(
            segment for segment in re.split(r"[?#]", found["path"])[0].split("/") if segment
        )
        return (
            cls(found["host"] or "", found["path"], segments[-MOST_SEGMENTS:]) if segments else None
        )

    def fitness(self, template: str) -> float:
        """Return how well *template* fits: 3 for the very same text, 2 for the same segments, 1 for
        the end; 0 for not.
        """
        if template == self.path:
            return 3.0
        wanted = [segment for segment in re.split(r"[?#]", template)[0].split("/") if segment]
        own = (
            self.segments[len(self.segments) - len(wanted) :]
            if len(wanted) <= len(self.segments)
            else ()
        )
        if not own or not all(map(_fits, own, wanted)):
            return 0.0
        # `/users/me` means `/users/me` rather than `/users/{id}`.
        guessed = sum(
            "{" in each and "{" not in mine for mine, each in zip(own, wanted, strict=True)
        )
        if guessed == len(wanted):
            return 0.0
        return max(2.0 - (len(wanted) < len(self.segments)) - 0.1 * guessed, 0.1)


def _fits(own: str, wanted: str) -> bool:
    """Say whether a segment that was pasted fits one of a template: `data.json` fits
    `{name}.json`.
    """
    if "{" not in wanted:
        return own.lower() == wanted.lower()
    start, _, rest = wanted.partition("{")
    return own.startswith(start) and own.endswith(rest.rpartition("}")[2])
