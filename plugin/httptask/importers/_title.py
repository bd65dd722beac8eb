"""The title of an endpoint whose description has none: its first sentence."""

from __future__ import annotations

import html
import re

from httptask._visible import one_line

TITLE_LENGTH = 100
"""Letters of the longest title."""

_SENTENCE = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?](?=\s|\Z)")
_BROKEN_LINE = re.compile(r"\n(?=[a-z])")
_MARKUP = re.compile(r"<[/!]?[A-Za-z][^<>]*>")


def without_markup(text: str) -> str:
    """Return *text* for a line in a list: without HTML tags, with character references resolved."""
    if "<" not in text and "&" not in text:
        return text
    return html.unescape(_MARKUP.sub(" ", text)).strip()


def title_of(description: str) -> str:
    """Return the first sentence of *description*, at most its first line, cut at a word."""
    # Text from a table breaks a line where the page had inline code: the next line then starts
    # in lower case.
    line = _BROKEN_LINE.sub(" ", description[: 2 * TITLE_LENGTH]).partition("\n")[0]
    line = one_line(line).strip()
    end = _SENTENCE.search(line)
    sentence = line[: end.start()] if end else line
    if len(sentence) <= TITLE_LENGTH:
        return sentence
    return sentence[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def title_of_request(method: str, path: str) -> str:
    """Return the title of an endpoint of which nothing else is said."""
    return one_line(f"{method} {path}")[:TITLE_LENGTH]
