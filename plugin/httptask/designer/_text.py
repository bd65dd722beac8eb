"""Descriptions are Markdown from strangers: rendered by one well-kept library, made harmless by another."""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache

import cmarkgfm  # type: ignore[import-untyped]
import nh3
from cmarkgfm.cmark import Options, core_extensions_ensure_registered  # type: ignore[import-untyped]

_LONGEST = 16_000
"""Characters of one text that are rendered; a longer one is shown as it was written, its start."""
_MOST_SHOWN = 100_000
_LONGEST_MADE = 150_000
"""Characters of the HTML of one text: what gets longer was written to get long."""

_TAGS = {
    *("p", "br", "hr", "em", "strong", "b", "i", "u", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "sub", "sup", "kbd", "dl", "dt", "dd"),
}
"""No pictures: looking at a description must not tell anybody that it was looked at."""

_MARKS = re.compile(r"[`*_\[\]<>#|~\\&!]|://|^\s*(?:[-+]|\d+[.)])\s|^ {4}|\n|^[=-]+\s*$|  $", re.MULTILINE)
"""What may mean something in Markdown or HTML; a text without any of it is one paragraph."""
_HEADING = re.compile(r"(</?h)([1-6])(?=[\s>])", re.IGNORECASE)


core_extensions_ensure_registered()  # here, where only one thread can be: the library does not look out for others


@lru_cache(maxsize=8192)
def rendered(text: str) -> str:
    """Return *text*, untrusted CommonMark with tables and raw HTML, as HTML that can do nothing but be read.

    Links open elsewhere and tell nothing about where they were followed from. Headings start at the third level: the page's
    own stand above them.
    """
    if not text.strip():
        return ""
    if not _MARKS.search(text):
        return f"<p>{_as_written(text.strip())}</p>"
    if len(text) <= _LONGEST:
        made: str = cmarkgfm.markdown_to_html_with_extensions(
            text.encode("utf-8", "replace").decode("utf-8"),  # a lone surrogate has no UTF-8
            # Raw HTML is let in and made harmless afterwards: many descriptions are HTML.
            options=Options.CMARK_OPT_UNSAFE,
            extensions=["table", "strikethrough"],
        )
        if len(made) <= _LONGEST_MADE:
            return str(_cleaner().clean(_HEADING.sub(_lowered, made))).strip()
    return f"<pre>{_as_written(text[:_MOST_SHOWN])}{' …' if len(text) > _MOST_SHOWN else ''}</pre>"


def _as_written(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"), quote=False)


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
