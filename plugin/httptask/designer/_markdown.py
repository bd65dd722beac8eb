"""Render descriptions as HTML. They are untrusted Markdown: pyromark renders, nh3 sanitises."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache

import nh3
import pyromark

_LONGEST = 16_000
"""Maximum characters of a text that is rendered.

Of a longer text, the start is shown as written.
"""
_MOST_SHOWN = 100_000
_LONGEST_MADE = 150_000
"""Maximum characters of the rendered HTML. A text that grows more is hostile."""
_DEEPEST = 100
"""Deepest nesting of lists and quotations.

The time nh3 takes grows with the square of the nesting.
"""

_TAGS = {
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
}
"""No images: loading them would report to a server that the description is being read."""

_MARKS = re.compile(
    r"[`*_\[\]<>#|~\\&!]|://|^\s*(?:[-+]|\d+[.)])\s|^ {4}|\n|^[=-]+\s*$|  $", re.MULTILINE
)
"""Characters that may be markup. A text without them is a single paragraph."""
_HEADING = re.compile(r"(</?h)([1-6])(?=[\s>])", re.IGNORECASE)
_NESTED = re.compile(r"<(/?)(?:ol|ul|blockquote)\b")
_ALIGNED = re.compile(r'(<t[hd] )style="text-align: (left|center|right)"')
"""A table cell as pyromark aligns it. The page's policy allows `align`, but no inline styles."""
_CHECKBOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>')
"""The checkbox of a task list. Form controls are removed, so a character shows its state."""

_EXTENSIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)


@lru_cache(maxsize=8192)
def rendered(text: str) -> str:
    """Return *text*, untrusted CommonMark, as HTML without scripts, styles, images or forms.

    Tables, struck-through text, task lists and raw HTML are supported. Links open in a new tab and
    send no referrer. Headings start at the third level, below those of the page.
    """
    if not text.strip():
        return ""
    if not _MARKS.search(text):
        return f"<p>{_as_written(text.strip())}</p>"
    if len(text) <= _LONGEST:
        # Raw HTML is rendered, then sanitised: many descriptions are HTML.
        with _surviving_panics():
            rendering = pyromark.html(_encodable(text), options=_EXTENSIONS)
            if len(rendering) <= _LONGEST_MADE and _depth(rendering) <= _DEEPEST:
                return _cleaner().clean(_fitted(rendering)).strip()
    return f"<pre>{_as_written(text[:_MOST_SHOWN])}{' …' if len(text) > _MOST_SHOWN else ''}</pre>"


@contextmanager
def _surviving_panics() -> Iterator[None]:
    """Continue after the block if Rust code panics in it.

    pyo3 then raises a `PanicException`, which is not an `Exception` and would end the whole thread.
    Each library has its own class for it, which cannot be imported.
    """
    try:
        yield
    except BaseException as error:
        if (type(error).__module__, type(error).__name__) != ("pyo3_runtime", "PanicException"):
            raise


def _as_written(text: str) -> str:
    return html.escape(_encodable(text), quote=False)


def _encodable(text: str) -> str:
    """Return *text* with a question mark for each lone surrogate, which cannot be encoded in
    UTF-8.
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def _depth(rendering: str) -> int:
    """Return the nesting depth of lists and quotations.

    An end tag without a start tag is ignored.
    """
    deepest = depth = 0
    for match in _NESTED.finditer(rendering):
        depth = max(depth - 1, 0) if match[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _fitted(rendering: str) -> str:
    """Return the renderer's HTML *rendering* with only the elements that the page allows."""
    rendering = _HEADING.sub(_lowered, rendering)
    rendering = _ALIGNED.sub(r'\1align="\2"', rendering)
    return _CHECKBOX.sub(lambda match: "☑" if match[1] else "☐", rendering)


def _lowered(match: re.Match[str]) -> str:
    return f"{match[1]}{min(int(match[2]) + 2, 6)}"


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "th": {"align"}, "td": {"align"}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",  # a relative link would lead into this page
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
