"""Match a query that is a pasted path or URL with path templates.

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
    """A pasted path or URL, split into its parts."""

    host: str
    """Empty if only a path was pasted."""
    path: str
    segments: tuple[str, ...]
    """The last `MOST_SEGMENTS` segments of the path, without query and fragment."""

    @classmethod
    def of(cls, query: str) -> Address | None:
        """Parse *query*; return None if it is neither a path nor a URL."""
        match = _PATH_OR_URL.match(query)
        if match is None:
            return None
        segments = _segments(match["path"])
        if not segments:
            return None
        return cls(match["host"] or "", match["path"], segments[-MOST_SEGMENTS:])

    def fitness(self, template: str) -> float:
        """Return how well the path *template* fits the address: 0 (not at all) to 3.

        3 means the same text, 2 the same segments, 1 the last segments of a longer path (of a URL
        whose beginning is the server's). Each segment that fills a parameter subtracts 0.1.
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
        # The subtraction below prefers the template `/users/me` to `/users/{id}` for `/users/me`.
        filled = sum(
            "{" in segment and "{" not in value
            for value, segment in zip(pasted, expected, strict=True)
        )
        if filled == len(expected):  # a template of parameters only fits anything
            return 0.0
        base = 1.0 if longer_by else 2.0
        return max(base - 0.1 * filled, 0.1)


def _segments(path: str) -> tuple[str, ...]:
    """Return the segments of *path* that are not empty, without query and fragment."""
    return tuple(segment for segment in re.split(r"[?#]", path)[0].split("/") if segment)


def _segment_fits(pasted: str, expected: str) -> bool:
    """Say whether the segment *pasted* fits that of a template: `data.json` fits `{name}.json`."""
    if "{" not in expected:
        return pasted.lower() == expected.lower()
    start, _, after_brace = expected.partition("{")
    return pasted.startswith(start) and pasted.endswith(after_brace.rpartition("}")[2])
