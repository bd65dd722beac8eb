"""`validate`: everything that is wrong with a workflow definition, anywhere and in environments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from httptask._visible import exact
from httptask.cli._definition import load, runtime_of
from httptask.cli._environment import credentials_of_environments, problems_by_environment
from httptask.cli._output import emit, note, plural
from httptask.cli._pins import pin_problems
from httptask.cli._receiver import awaiting_tasks

if TYPE_CHECKING:
    from httptask.errors import Problem


def run_validate(arguments: argparse.Namespace) -> int:
    """Print every problem; exit status 1 when one is an error."""
    from httptask.workflow import definitions_of, stored_credential_problems
    from httptask.workflow import problems as problems_of

    definition = load(arguments.definition)
    with runtime_of(arguments) as runtime:
        problems = problems_of(definition, runtime, definitions=definitions_of(definition))
        in_environments = problems_by_environment(arguments, definition, runtime)
        mapped = credentials_of_environments(arguments, definition)
        pins = pin_problems(arguments, definition, runtime)
        of_credentials = stored_credential_problems(definition, runtime, mapped)
    value = _validity([*problems, *of_credentials])
    lines = _lines("", problems, each_error=True)
    lines += _lines("", of_credentials)
    errors = _errors(problems)
    for name, (of_file, others) in in_environments.items():
        validity = _validity(others) | {"fileProblems": [one.to_json() for one in of_file]}
        validity["valid"] = not _errors([*of_file, *others])
        value.setdefault("environments", {})[name] = validity
        lines += [f"{one.severity}: environments/{name}.json: {one}" for one in of_file]
        lines += _lines(f"in {name}: ", others)
        errors += _errors([*of_file, *others])
    if pins is not None:
        file, of_pins = pins
        value["pins"] = _validity(of_pins)
        lines += _lines(f"{file}: ", of_pins, each_error=True)
        errors += _errors(of_pins)
    value["valid"] = not errors
    emit(arguments, value, _verdict(arguments.definition, lines, errors))
    awaiting = ", ".join(map(exact, awaiting_tasks(definition)))
    if awaiting and not errors and not arguments.json:
        note(f"{awaiting}: waits for a callback, which httptask run --callbacks HOST:PORT receives")
    return 1 if errors else 0


def _lines(beginning: str, problems: list[Problem], *, each_error: bool = False) -> list[str]:
    """Return a line for each of *problems*. What is wrong in many tasks alike is said once; with
    *each_error*, only warnings are: every error has a place that has to be mended.
    """
    alike: dict[tuple[Any, ...], list[Problem]] = {}
    for problem in problems:
        sentence = problem.severity, problem.message, problem.suggestion
        is_apart = each_error and problem.severity == "error"
        alike.setdefault((*sentence, problem.pointer if is_apart else None), []).append(problem)
    lines = []
    for first, *others in alike.values():
        more = f" (and in {plural(len(others), 'other place')})" if others else ""
        lines.append(f"{first.severity}: {beginning}{first}{more}")
    return lines


def _errors(problems: list[Problem]) -> int:
    return sum(problem.severity == "error" for problem in problems)


def _validity(problems: list[Problem]) -> dict[str, Any]:
    return {
        "valid": not _errors(problems),
        "problems": [problem.to_json() for problem in problems],
    }


def _verdict(source: str, lines: list[str], errors: int) -> str:
    lines.append(f"{source}: {plural(errors, 'problem') if errors else 'valid'}")
    return "\n".join(lines)
