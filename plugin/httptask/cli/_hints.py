"""Say how to give the values that an expression did not find."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from typing import Any

from httptask._core.strict_json import dump
from httptask.errors import ExpressionError

GIVE_INPUT = "give the input with --input FILE, or single values with --set NAME=VALUE"
_GIVE_VARIABLES = "give a variable with --variable NAME=VALUE, or an environment with --env NAME"
_GIVE_TASKS = "give what earlier tasks answered with --tasks FILE: {}"


def expression_hints(
    arguments: argparse.Namespace,
    input_: Any,
    error: Mapping[str, Any] | None,
) -> list[str]:
    """Return how to give what the expression of a task's *error* did not find.

    *input_* is the input of the run. Only options that were not used are named.
    """
    if error is None or error.get("kind") != ExpressionError.kind:
        return []
    hints = []
    if input_ is None and _mentions(error, "input"):
        hints.append(GIVE_INPUT)
    if _mentions(error, "variables") and not arguments.variable and not arguments.env:
        hints.append(_GIVE_VARIABLES)
    # `run` has no such option: it runs the earlier tasks.
    if getattr(arguments, "tasks", "") is None and _mentions(error, "tasks"):
        params = error.get("params") or {}
        name = params.get("name") if params.get("path") == "$.tasks" else None
        shown = dump({name or "Name": {"output": {}}}).replace("{}", "…")
        hints.append(_GIVE_TASKS.format(shown))
    return hints


def text_hints(arguments: argparse.Namespace, error: Mapping[str, Any] | None) -> list[str]:
    """Return how a text is given by `--set`, which reads `7` as a number.

    Only if a task's *error* is that a text was expected, and suggests one that was given so.
    """
    problems = (error or {}).get("problems") or ()
    suggested = {problem.get("suggestion") for problem in problems if _expects_text(problem)}
    hints = []
    for assignment in arguments.set:
        name, _, text = assignment.partition("=")
        if dump(text) in suggested:
            as_text = shlex.quote(f"{name}={dump(text)}")
            hints.append(f"to give a text by --set, write it in double quotes: --set {as_text}")
    return hints


def _expects_text(problem: Mapping[str, Any]) -> bool:
    if problem["code"] != "type":
        return False
    types: list[str] = problem.get("params", {}).get("types")
    return types == ["string"]


def _mentions(error: Mapping[str, Any], root: str) -> bool:
    return re.search(rf"\b{root}\b", str(error.get("expression"))) is not None
