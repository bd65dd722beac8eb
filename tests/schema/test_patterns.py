"""Patterns mean what ECMA-262 says, and searching ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask._schema.patterns import Budget, PatternError, compiled
from httptask._schema.patterns import search as search_for
from httptask.settings import schema_problems
from places import DATA

TABLE = json.loads((DATA / "cases" / "ecma262.json").read_text())


def search(pattern: str, text: str, seconds: float = 30.0) -> bool | None:
    return compiled(pattern).search(text, Budget(seconds))


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: ascii(case["pattern"])[1:-1])
def test_a_pattern_matches_what_an_engine_of_javascript_matches(case: dict[str, Any]) -> None:
    """Each pattern of a table that such an engine made matches the same texts, or is none here
    either.
    """
    if case["matching"] is None:
        with pytest.raises(PatternError):
            compiled(case["pattern"])
        return
    texts = TABLE["common"] if case["texts"] == "common" else case["texts"]
    assert [text for text in texts if search(case["pattern"], text)] == case["matching"]


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("(?i:ab)c", "ABc", "ABC"),
        ("^(?s:.)$", "\n", ""),
        ("(?m:^b$)", "a\nb", "ab"),
        ("(?<n>a)|(?<n>b)", "b", "c"),
    ],
)
def test_what_ecmascript_2025_added_is_known(pattern: str, matching: str, other: str) -> None:
    """Modifiers, and one name for groups of different alternatives."""
    assert search(pattern, matching)
    assert not search(pattern, other)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a|a)*$", "a" * 40 + "b"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5_000),
        (r"(.*?,){25}P", ",".join(map(str, range(40)))),
        (r"^(?:\w+\s?)*$", "a " * 24_000 + "!"),
        (r"\s+$", " " * 49_000 + "x"),
    ],
)
def test_a_pattern_that_runs_away_is_stopped(pattern: str, text: str) -> None:
    """After its time the answer is that it is not known; what is searched for next gets no more
    time.
    """
    budget = Budget(0.01)
    assert compiled(pattern).search(text, budget) is None
    assert compiled("a").search("a", budget) is None


def test_a_value_whose_pattern_takes_too_long_is_not_refused() -> None:
    """It is said that it was not checked; a pattern that looks dangerous and ends is enforced."""
    schema = {"type": "string", "pattern": "^(a|a)*$"}
    (problem,) = schema_problems(schema, "a" * 40 + "b", "/x")
    assert (problem.pointer, problem.severity) == ("/x", "warning")
    assert "takes too long" in problem.message
    assert [each.severity for each in schema_problems(schema, "b")] == ["error"]
    many = {"type": "array", "items": schema}
    assert [each.pointer for each in schema_problems(many, ["a" * 40 + "b"] * 9)] == ["/0"]


def test_a_long_array_is_checked_to_its_end() -> None:
    """Only what takes longer than reading a text does counts against the time of patterns."""
    many = {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{3}-[0-9]+$"}}
    assert [each.pointer for each in schema_problems(many, ["abc-1"] * 30_000 + ["abc"])] == [
        "/30000"
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "((((a{1000}){1000}){1000}){1000})",
        "(?:a{10000,}){10000,}",
        "[a-z]" * 6_000,
        "(" * 3_000 + ")" * 3_000,
        "|".join(f"a{number}b+" for number in range(5_000)),
        "a{99999999999}",
        "x" * 40_000,
    ],
    ids=lambda pattern: pattern[:20],
)
def test_a_pattern_too_large_to_compile_is_none(pattern: str) -> None:
    """What the engine would need gigabytes or seconds for is refused before it sees it."""
    with pytest.raises(PatternError):
        compiled(pattern)


def test_many_large_patterns_are_not_all_compiled_at_once() -> None:
    """Compiling takes time, too: what no check has met before ends with the budget; what is known
    goes on.
    """
    budget = Budget(30)
    patterns = ["[a-c]" * 600 + str(number) for number in range(40)]
    answers = [search_for(pattern, "x", budget) for pattern in patterns]
    assert answers[0] is False
    assert answers[-1] is None
    assert search_for(patterns[0], "x", budget) is False
    assert search_for("^once more$", "x", Budget(30)) is False


def test_a_long_list_of_words_is_a_pattern() -> None:
    """The names of all time zones, say."""
    pattern = "^(" + "|".join(f"Europe/City_{number}" for number in range(500)) + ")$"
    assert search(pattern, "Europe/City_499")
    assert not search(pattern, "Europe/City_500")


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=r"ab\d[](){}?*+|^$-.,:<>!=pPuxk/0123&~é😀", max_size=30), st.text(max_size=10)
)
def test_whatever_stands_in_a_pattern_it_is_one_or_none(pattern: str, text: str) -> None:
    """Nothing but `PatternError` is raised, and searching ends."""
    try:
        found = compiled(pattern)
    except PatternError:
        return
    found.search(text, Budget(0.05))
