"""JSON that is read by orjson is the JSON that the strict reader reads, to the last digit."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask._core import quick_json
from httptask._core.strict_json import JsonError, parse

_NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=12).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
_STRINGS = st.one_of(st.text(), st.from_regex(r"[0-9a-fA-F-]{8,36}"), _NUMBERS).map(json.dumps)
_TEXTS = st.recursive(
    st.one_of(_NUMBERS, _STRINGS, st.sampled_from(["null", "true", "false", "NaN", "-0", "01"])),
    lambda inner: st.one_of(
        st.lists(inner).map(lambda values: "[" + ", ".join(values) + "]"),
        st.lists(st.tuples(_STRINGS, inner)).map(
            lambda members: "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"
        ),
    ),
    max_leaves=12,
)


def _exactly(value: Any) -> Any:
    """Return *value* with the type and the sign of each number, which `==` does not compare."""
    if isinstance(value, dict):
        return {name: _exactly(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exactly(item) for item in value]
    if isinstance(value, float):
        return "float", value, math.copysign(1, value)
    return type(value).__name__, value


@given(_TEXTS)
def test_what_is_read_is_what_the_strict_reader_reads(text: str) -> None:
    """No digit, type or sign of a number differs, and nothing is read that is not JSON."""
    value = quick_json.read(text)
    if value is quick_json.UNREAD:
        return
    assert _exactly(value) == _exactly(parse(text, unique_names=False))


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("18446744073709551616", 18446744073709551616),
        ("[0.1234567890123456789]", [Decimal("0.1234567890123456789")]),
        ("-1e400", JsonError),
        ("-1E-400", Decimal("-1E-400")),
        ('{"a": 12345678901234567.5}', {"a": Decimal("12345678901234567.5")}),
        ("NaN", JsonError),
        (r'"\ud800"', "\ud800"),
    ],
)
def test_what_orjson_would_change_is_left_to_the_strict_reader(text: str, exact: Any) -> None:
    """Numbers that no double holds, exponents, and what orjson refuses."""
    assert quick_json.read(text) is quick_json.UNREAD
    if exact is JsonError:
        with pytest.raises(JsonError):
            parse(text, unique_names=False)
    else:
        assert parse(text, unique_names=False) == exact


@pytest.mark.parametrize(
    "value",
    [
        {"id": "0b2f6a3c-1e5d-5c8e-9a51-7c4b3d1e8f62", "sha": "a1e5" * 10, "n": 12.5},
        [1e13, 9007199254740991, -0.5, "1e5", "2e3"],
        {"price": 123456789.123456, "name": "Zürich \u2028 \U0001f600"},
    ],
)
def test_plain_documents_are_read_at_once(value: Any) -> None:
    """Ids of hexadecimal digits beside plain numbers do not send a document the slow way."""
    assert quick_json.read(json.dumps(value, ensure_ascii=False)) == value
