"""Expressions: `${…}` inside settings, found in text, checked, and evaluated within limits.

A value that is wholly one expression takes the result with its JSON type; inside text the result is
inserted as text. The default language is JSONPath (RFC 9535), `${jsonata: …}` selects JSONata, and
`${swf:workflowId}` reads a value of the run. The hook `httptask_expression_languages` adds other
languages.

Two dollar signs before `{` stand for a literal dollar sign: `$${a}` is the text `${a}`, and
`$$${$.price}` is a dollar sign followed by the price.
"""

from __future__ import annotations

from httptask.expressions._comparison import (
    Comparison,
    comparison_problems,
    members_compared,
    paths_compared,
)
from httptask.expressions._comparison_syntax import UNDEFINED, ConditionError
from httptask.expressions._condition_rows import ConditionRow, condition_rows
from httptask.expressions._conditions import condition_problems
from httptask.expressions._document import only
from httptask.expressions._evaluator import Evaluator
from httptask.expressions._jsonata_parameters import function_signatures
from httptask.expressions._prepared import Prepared
from httptask.expressions._query import ABSENT, Query
from httptask.expressions._renaming import Renamed
from httptask.expressions._result import Expected, ExpectedList
from httptask.expressions._template import (
    escape,
    has_expression,
    holds_expression,
    is_expression,
    literals,
    may_change,
)
from httptask.expressions._typed import (
    MissingName,
    Reading,
    Typed,
    TypedExpression,
    TypedText,
)

__all__ = [
    "ABSENT",
    "UNDEFINED",
    "Comparison",
    "ConditionError",
    "ConditionRow",
    "Evaluator",
    "Expected",
    "ExpectedList",
    "MissingName",
    "Prepared",
    "Query",
    "Reading",
    "Renamed",
    "Typed",
    "TypedExpression",
    "TypedText",
    "comparison_problems",
    "condition_problems",
    "condition_rows",
    "escape",
    "function_signatures",
    "has_expression",
    "holds_expression",
    "is_expression",
    "literals",
    "may_change",
    "members_compared",
    "only",
    "paths_compared",
]
