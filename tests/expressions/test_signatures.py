"""The functions of JSONata and what they can be called with, as the library's own table says."""

from __future__ import annotations

from typing import Any

import pytest
from jsonata.jsonata import Jsonata as Library

from httptask.expressions._jsonata_functions import FUNCTIONS

IMPURE = {"random", "shuffle", "now", "millis", "eval"}
"""They are missing, as the same expression would not have the same value twice."""
OURS = {"parse": "<s-:x>"}


def parameters(signature: Any) -> list[tuple[Any, ...]]:
    return [(param.type, param.regex, param.context, param.subtype) for param in signature._params]


def published() -> dict[str, Any]:
    """Return the functions of the library, by name."""
    Library("1")  # makes the table
    return dict(Library.static_frame.bindings)


def test_every_pure_function_can_be_called() -> None:
    """No name is missing, and none is invented but `$parse`."""
    assert FUNCTIONS.keys() == (published().keys() - IMPURE) | OURS.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_the_arguments_that_are_published(name: str) -> None:
    """The same types, of which the same may be left out or are taken from the context."""
    theirs = FUNCTIONS["trim"] if name in OURS else published()[name]
    assert parameters(FUNCTIONS[name].signature) == parameters(theirs.signature)
    assert FUNCTIONS[name].function_name == name
