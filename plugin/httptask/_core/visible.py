"""Text from strangers as a name or a line: without characters that nobody sees, or that steer.

Unicode Standard, section 23.2 and UAX #9: a few format characters turn the direction of what
follows, others take no room, so that two names look alike.
"""

from __future__ import annotations

import re
import unicodedata

STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
)
"""Control characters but tab and line feed, line separators, and format characters that turn text
around or hide; not those that join and part the letters of emoji and of Persian.
"""
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing, or change nothing but how others look."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs"))


def visible_name(text: str, space: str = "-") -> str:
    """Return *text* without characters that nobody sees; spaces and line breaks become *space*."""
    if text.isprintable() and " " not in text and not _BLANK.search(text):
        return text
    words = _BLANK.sub("", text).split()
    return space.join(filter(None, map(_visible, words)))


def _visible(word: str) -> str:
    if word.isprintable():
        return word
    return "".join(char for char in word if unicodedata.category(char) not in _UNSEEN)


def one_line(text: str) -> str:
    """Return *text* as one line in which nothing steers a terminal or a page."""
    if "\n" not in text and "\t" not in text and not STEERING.search(text):
        return text
    return " ".join(STEERING.sub(_spaced, text).split())


def _spaced(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else ""
