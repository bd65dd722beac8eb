"""JSON Pointers: the examples of RFC 6901, and what is no index."""

from __future__ import annotations

from typing import Any

import pytest

from httptask._core.pointers import child, last, parts, pointer

DOCUMENT: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "m~n": 8,
    "~1": 9,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/m~0n", 8),
        ("/~01", 9),
    ],
)
def test_the_examples_of_the_rfc_lead_to_their_values(text: str, value: Any) -> None:
    """RFC 6901, section 5; a pointer that is read and written again is the same."""
    target: Any = DOCUMENT
    for token in parts(text):
        target = child(target, token)
    assert target == value
    assert pointer(parts(text)) == text
    assert last(text) == (parts(text)[-1] if text else "")


@pytest.mark.parametrize("token", ["2", "-1", "-", "00", "01", "+1", " 1", "\u0661", "1" * 9, ""])
def test_what_is_no_index_leads_to_nothing(token: str) -> None:
    """RFC 6901, section 4: an index has ASCII digits, no leading zero, and is below the length."""
    assert child(["a", "b"], token) is None
