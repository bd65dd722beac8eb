"""`validate`: every problem of a workflow definition, in general and in its environments."""

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
    """Print every problem; exit status 1 if one is an error."""
    from httptask.workflow import definitions_of, stored_credential_problems
    from httptask.workflow import problems as problems_of

    definition = load(arguments.definition)
    with runtime_of(arguments) as runtime:
        problems = problems_of(definition, runtime, definitions=definitions_of(definition))
        in_environments = problems_by_environment(arguments, definition, runtime)
        mapped = credentials_of_environments(arguments, definition)
        pins = pin_problems(arguments, definition, runtime)
        credential_problems = stored_credential_problems(definition, runtime, mapped)
    value = _validity([*problems, *credential_problems])
    lines = _lines("", problems, each_error=True)
    lines += _lines("", credential_problems)
    errors = _errors(problems)
    for name, (file_problems, other_problems) in in_environments.items():
        validity = _validity(other_problems) | {
            "fileProblems": [problem.to_json() for problem in file_problems]
        }
        validity["valid"] = not _errors([*file_problems, *other_problems])
        value.setdefault("environments", {})[name] = validity
        lines += [
            f"{problem.severity}: environments/{name}.json: {problem}" for problem in file_problems
        ]
        lines += _lines(f"in {name}: ", other_problems)
        errors += _errors([*file_problems, *other_problems])
    if pins is not None:
        file, pin_file_problems = pins
        value["pins"] = _validity(pin_file_problems)
        lines += _lines(f"{file}: ", pin_file_problems, each_error=True)
        errors += _errors(pin_file_problems)
    value["valid"] = not errors
    emit(arguments, value, _verdict(arguments.definition, lines, errors))
    awaiting = ", ".join(map(exact, awaiting_tasks(definition)))
    if awaiting and not errors and not arguments.json:
        note(f"{awaiting}: waits for a callback, which httptask run --callbacks HOST:PORT receives")
    return 1 if errors else 0


def _lines(
    beginning: str,
    problems: list[Problem],
    *,
    each_error: bool = False,
) -> list[str]:
    """Return a line for each of *problems*; problems with the same sentence share a line.

    With *each_error*, only warnings share lines: every place of an error has to be corrected.
    """
    groups: dict[tuple[Any, ...], list[Problem]] = {}
    for problem in problems:
        sentence = problem.severity, problem.message, problem.suggestion
        is_apart = each_error and problem.severity == "error"
        groups.setdefault((*sentence, problem.pointer if is_apart else None), []).append(problem)
    lines = []
    for first, *others in groups.values():
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
