"""A pasted path or URL in a query.

Examples: `/v1/customers/{id}`, `GET /v1/customers`, `https://api.stripe.com/v1/customers/cus_1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATH_OR_URL = re.compile(
    r"\s*(?:[A-Za-z]{1,10}\s+)?(?:[A-Za-z]{1,10}://(?P<host>[^\s/?#]+))?(?P<path>/[^\s]+)\s*\Z"
)
MOST_SEGMENTS = 20


@dataclass(frozen=True, slots=True)
class Address:
    """A pasted path or URL, in its parts."""

    host: str
    """Empty when only a path was pasted."""
    path: str
    segments: tuple[str, ...]
    """The segments of the path, without the query and the fragment: the last `MOST_SEGMENTS`."""

    @classmethod
    def of(cls, query: str) -> Address | None:
        """Return the path or URL in *query*, or None when *query* is words."""
        match = _PATH_OR_URL.match(query)
        if match is None:
            return None
        segments = _segments(match["path"])
        if not segments:
            return None
        return cls(match["host"] or "", match["path"], segments[-MOST_SEGMENTS:])

    def fitness(self, template: str) -> float:
        """Return how well the path *template* fits; 0 when it does not.

        3 is the same text, 2 are the same segments, 1 is the same end of a longer path. Each
        segment that fills a parameter takes 0.1 away.
        """
        if template == self.path:
            return 3.0
        expected = _segments(template)
        longer_by = len(self.segments) - len(expected)
        if not expected or longer_by < 0:
            return 0.0
        pasted = self.segments[longer_by:]
        if not all(map(_segment_fits, pasted, expected)):
            return 0.0
        # `/users/me` means `/users/me` rather than `/users/{id}`.
        filled = sum(
            "{" in segment and "{" not in value
            for value, segment in zip(pasted, expected, strict=True)
        )
        if filled == len(expected):
            return 0.0
        base = 1.0 if longer_by else 2.0
        return max(base - 0.1 * filled, 0.1)


def _segments(path: str) -> tuple[str, ...]:
    """Return the segments of *path* that are not empty, without the query and the fragment."""
    return tuple(segment for segment in re.split(r"[?#]", path)[0].split("/") if segment)


def _segment_fits(pasted: str, expected: str) -> bool:
    """Say whether a pasted segment fits one of a template: `data.json` fits `{name}.json`."""
    if "{" not in expected:
        return pasted.lower() == expected.lower()
    start, _, rest = expected.partition("{")
    return pasted.startswith(start) and pasted.endswith(rest.rpartition("}")[2])
