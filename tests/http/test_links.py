"""The `Link` header in all of its syntax (RFC 8288)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask._http.links import links


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<https://a.example/?page=2>; rel=next", ["https://a.example/?page=2"]),
        ('<https://a.example/?page=2>; rel="next"', ["https://a.example/?page=2"]),
        ('<a>; rel="prev", <b>; rel="next", <c>; rel="last"', ["b"]),
        ("<a>;rel=prev,<b>;rel=next", ["b"]),
        ('<b>; REL="NEXT"', ["b"]),
        ('<b>; rel="prefetch next"', ["b"]),
        ('<b>; rel="nextone"', []),
        ('<b>; rel="first"; rel="next"', []),
        ('<b>; title="a, <c>; rel=\\"next\\""; rel="last"', []),
        ('<b>; title="a \\"quoted\\", text"; rel="next"', ["b"]),
        ("<b,c;d>; rel=next", ["b,c;d"]),
        ("<b> ; rel = next ; title = x", ["b"]),
        ('<b>; rel="https://a.example/rel/next next"', ["b"]),
        ("<b>; crossorigin; rel=next", ["b"]),
        (", , <b>; rel=next,", ["b"]),
        ("<b>;; rel=next", ["b"]),
        ("nonsense, <b>; rel=next", ["b"]),
        ("<a; rel=next", []),
        ("<>; rel=next", [""]),
        ('<b>; rel="next', ["b"]),
        ("<b>; rev=next", []),
        ("<b>; rel*=UTF-8''next", []),
        ("", []),
        ("<a>; rel=next, <b>; rel=next", ["a", "b"]),
    ],
)
def test_the_next_ones_are_found(value: str, expected: list[str]) -> None:
    """By the first `rel`, in any case, quoted or not, among other parameters and links."""
    assert [link.target for link in links(value) if "next" in link.relations] == expected


def test_an_extended_parameter_is_preferred() -> None:
    """RFC 8187: a text in another charset."""
    (link,) = links('<b>; title="plain"; title*=UTF-8\'en\'%e2%82%ac%20rates; anchor="/a"')
    assert link.parameter("title") == "€ rates"
    assert link.parameter("anchor") == "/a"
    assert link.parameter("rel") is None


@given(st.text(alphabet='<>;,="\\ ab*\t', max_size=200))
def test_any_text_is_read_to_its_end(value: str) -> None:
    """Whatever a server writes: no error, and links that stand in it."""
    for link in links(value):
        assert f"<{link.target}" in value.replace("< ", "<") or link.target in value
