"""The words for the parameters of JSONata's functions."""

from __future__ import annotations

import pytest

from httptask.expressions import function_signatures


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sum", "(array of numbers) number"),  # <a<n>:n>
        ("pad", "([string], number, [string]) string"),  # <s-ns?:s>
        ("map", "(array, function) any"),  # <af>
        ("contains", "([string], string or function) boolean"),  # <s-(sf):b>
        ("zip", "(array, …) any"),  # <a+>
        ("match", "([string], function, [number]) array of objects"),  # <s-f<s:o>n?:a<o>>
    ],
)
def test_parameters_in_words(name: str, words: str) -> None:
    """As the documentation of JSONata has them: https://docs.jsonata.org."""
    assert function_signatures()[name] == words
