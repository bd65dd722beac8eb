"""Make a title for an endpoint that has none: the first sentence of its description."""

from __future__ import annotations

import html
import re

from httptask._visible import one_line

TITLE_LENGTH = 100
"""The most letters of a title."""

_SENTENCE = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?](?=\s|\Z)")
_BROKEN_LINE = re.compile(r"\n(?=[a-z])")
_MARKUP = re.compile(r"<[/!]?[A-Za-z][^<>]*>")


def without_markup(text: str) -> str:
    """Remove HTML tags from *text* and resolve its character references."""
    if "<" not in text and "&" not in text:
        return text
    return html.unescape(_MARKUP.sub(" ", text)).strip()


def title_of(description: str) -> str:
    """Return the first sentence of *description*, or its first line if that ends earlier.

    A longer title is cut between two words, and ends with an ellipsis.
    """
    # Text copied from a table has a line break where the page had inline code. The next line then
    # begins in lower case.
    line = _BROKEN_LINE.sub(" ", description[: 2 * TITLE_LENGTH]).partition("\n")[0]
    line = one_line(line).strip()
    end = _SENTENCE.search(line)
    sentence = line
    if end:
        sentence = line[: end.start()]
    if len(sentence) <= TITLE_LENGTH:
        return sentence
    return sentence[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def title_of_request(method: str, path: str) -> str:
    """Return the title of an endpoint without title and description: its method and path."""
    return one_line(f"{method} {path}")[:TITLE_LENGTH]
