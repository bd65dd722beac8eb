"""Type checking of expressions: the type of each expression's data, and whether its value fits its
setting. Nothing is evaluated or sent.

The types come from `inputSchema`, the input parameters, the tasks before on every route, and
documented responses. A certain failure is an error; a contradiction to the documentation is a
warning. Unknown types cause no problems.
"""

from httptask.workflow.typing._outputs import output_schema
from httptask.workflow.typing._problems import task_typing_problems, typing_problems
from httptask.workflow.typing._settings import (
    ExpressionPlace,
    Sees,
    expression_at,
    expression_pointers,
)

__all__ = [
    "ExpressionPlace",
    "Sees",
    "expression_at",
    "expression_pointers",
    "output_schema",
    "task_typing_problems",
    "typing_problems",
]
