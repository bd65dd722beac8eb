"""Descriptions are Markdown from strangers: rendered by one well-kept library, made harmless by
another.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache

import nh3
import pyromark

_LONGEST = 16_000
"""Characters of one text that are rendered; a longer one is shown as it was written, its start."""
_MOST_SHOWN = 100_000
_LONGEST_MADE = 150_000
"""Characters of the HTML of one text: what gets longer was written to get long."""
_DEEPEST = 100
"""Lists and quotations within each other. nh3 takes time that grows with the square of them."""

_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "em",
        "strong",
        "b",
        "i",
        "u",
        "s",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "a",
    ),
    *(
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "sub",
        "sup",
        "kbd",
        "dl",
        "dt",
        "dd",
    ),
}
"""No pictures: looking at a description must not tell anybody that it was looked at."""

_MARKS = re.compile(
    r"[`*_\[\]<>#|~\\&!]|://|^\s*(?:[-+]|\d+[.)])\s|^ {4}|\n|^[=-]+\s*$|  $", re.MULTILINE
)
"""What may mean something in Markdown or HTML; a text without any of it is one paragraph."""
_HEADING = re.compile(r"(</?h)([1-6])(?=[\s>])", re.IGNORECASE)
_NESTED = re.compile(r"<(/?)(?:ol|ul|blockquote)\b")
_ALIGNED = re.compile(r'(<t[hd] )style="text-align: (left|center|right)"')
"""A cell as pyromark aligns it. The page's policy allows no inline styles, but `align`."""
_CHECKBOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>')
"""A task of a list. No form's controls are let through, so its state becomes a character."""

_EXTENSIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)


@lru_cache(maxsize=8192)
def rendered(text: str) -> str:
    """Return *text*, untrusted CommonMark, as HTML that can do nothing but be read.

    Tables, struck text, task lists and raw HTML are understood.

    Links open elsewhere and tell nothing about where they were followed from. Headings start at the
    third level: the page's own stand above them.
    """
    if not text.strip():
        return ""
    if not _MARKS.search(text):
        return f"<p>{_as_written(text.strip())}</p>"
    if len(text) <= _LONGEST:
        # Raw HTML is let in and made harmless afterwards: many descriptions are HTML.
        with _surviving_panics():
            made = pyromark.html(_encodable(text), options=_EXTENSIONS)
            if len(made) <= _LONGEST_MADE and _depth(made) <= _DEEPEST:
                return _cleaner().clean(_fitted(made)).strip()
    return f"<pre>{_as_written(text[:_MOST_SHOWN])}{' …' if len(text) > _MOST_SHOWN else ''}</pre>"


@contextmanager
def _surviving_panics() -> Iterator[None]:
    """Go on behind the block when Rust code panics in it.

    pyo3 raises a `PanicException` then, which is no `Exception`: it would end the thread, not only
    the request. Each library has a class of its own, which cannot be imported.
    """
    try:
        yield
    except BaseException as error:
        if (type(error).__module__, type(error).__name__) != ("pyo3_runtime", "PanicException"):
            raise


def _as_written(text: str) -> str:
    return html.escape(_encodable(text), quote=False)


def _encodable(text: str) -> str:
    """Return *text* with a question mark for each lone surrogate, which has no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _depth(made: str) -> int:
    """Return how deep lists and quotations are nested; an end without a beginning counts for
    nothing.
    """
    deepest = depth = 0
    for match in _NESTED.finditer(made):
        depth = max(depth - 1, 0) if match[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _fitted(made: str) -> str:
    """Return the renderer's HTML *made* in the elements that the page has a use for."""
    made = _HEADING.sub(_lowered, made)
    made = _ALIGNED.sub(r'\1align="\2"', made)
    return _CHECKBOX.sub(lambda match: "☑" if match[1] else "☐", made)


def _lowered(match: re.Match[str]) -> str:
    return f"{match[1]}{min(int(match[2]) + 2, 6)}"


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "th": {"align"}, "td": {"align"}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",  # it would lead into this page
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
