"""The shipped expression languages: JSONPath, the default, and JSONata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.expressions._jsonata import Jsonata
from httptask.expressions._jsonpath import JsonPath
from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.protocols import ExpressionLanguage


@hookimpl
def httptask_expression_languages() -> Sequence[ExpressionLanguage]:
    """Return JSONPath and JSONata."""
    return [JsonPath(), Jsonata()]
