"""Typed expressions: what each expression of a definition will see, and whether what it yields is
what its setting takes. Nothing is evaluated or sent.

What is known is `inputSchema`, the input parameters, the tasks before on every route, and
documented responses. What is certain to fail is an error; what only contradicts documentation is a
warning. Where nothing is known, nothing is said.
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
