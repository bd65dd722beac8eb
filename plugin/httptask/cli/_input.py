"""The input of a run: from a file, from `--set`, typed by a person, or a sample."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import JsonError, parse
from httptask._visible import printable
from httptask.cli._hints import GIVE_INPUT
from httptask.cli._output import CommandError, note
from httptask.errors import WHOLE_INPUT

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.workflow import WorkflowDefinition


def input_options(parser: argparse.ArgumentParser) -> None:
    """Add `--input` and `--set` to *parser*."""
    parser.add_argument(
        "--input",
        metavar="FILE",
        help="a JSON file: the input, which expressions read as $.input (- is standard input)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=(
            "one value of the input: NAME is a property, or a JSON Pointer such as /customer/id;"
            " VALUE is JSON, or else text"
        ),
    )


def json_file(source: str | None) -> Any:
    """Parse the JSON file *source*; None without one. Raises `CommandError`."""
    if source is None:
        return None
    is_stream = source == "-"
    try:
        data = sys.stdin.buffer.read() if is_stream else Path(source).read_bytes()
        return parse(data)
    except JsonError as error:
        shown = "standard input" if is_stream else source
        raise CommandError(f"{shown}: not JSON: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        # JSON in place of a file's name is a frequent mistake.
        if source.lstrip()[:1] in ("{", "["):
            raise CommandError(
                f"{source[:80]} is no file: write the JSON into one, or give it on standard input"
                " (-)"
            ) from error
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{source}: cannot be read: {why}") from error


def run_input(arguments: argparse.Namespace, definition: WorkflowDefinition) -> Any:
    """Return the input of a run as given in *arguments*.

    On a terminal and without a file, the person is asked for what the definition's `inputSchema`
    requires. The engine checks the input.
    """
    value = _given(arguments, definition)
    schema = definition.input_schema
    if schema is None or arguments.input is not None or not sys.stdin.isatty():
        return value
    return _asked(schema, value)


def test_input(arguments: argparse.Namespace, definition: WorkflowDefinition) -> Any:
    """Return the input of a test request: as given in *arguments*, else a sample by the
    `inputSchema`.

    One task may need less than a whole run, so an input that a run would refuse only causes a
    note.
    """
    from httptask.settings import input_problems
    from httptask.workflow import sample_input, with_defaults

    schema = definition.input_schema
    value = _given(arguments, definition)
    if schema is None:
        return value
    is_given = arguments.input is not None or arguments.set
    value = with_defaults(schema, value) if is_given else sample_input(schema)
    for problem in input_problems(schema, value):
        if is_given or problem.code != "required":
            note(f"a run would refuse this input: {problem.text(WHOLE_INPUT)}")
    return value


def _given(arguments: argparse.Namespace, definition: WorkflowDefinition) -> Any:
    """Return the input from `--input` and `--set`, as typed by the definition's schema."""
    from httptask.workflow import typed_input

    value = json_file(arguments.input)
    pointers: list[str] = []
    for assignment in arguments.set:
        pointer, text = assigned(assignment, "--set")
        # Also a value above an earlier one, which would overwrite it.
        if any(f"{other}/".startswith(f"{pointer}/") for other in pointers):
            raise CommandError(f"--set: {pointer} is given twice; give it once")
        pointers.append(pointer)
        value = _put(value, pointer, typed_input(definition.input_schema, pointer, text))
    return value


def assigned(assignment: str, option: str) -> tuple[str, str]:
    """Return the JSON Pointer and the text in *assignment*, `NAME=VALUE`. Raises `CommandError`."""
    name, equals, text = assignment.partition("=")
    if not equals or not name:
        raise CommandError(f"{option}: expected NAME=VALUE, found {assignment[:80]!r}")
    return name if name.startswith("/") else pointer_of([name]), text


def _put(value: Any, pointer: str, new: Any) -> Any:
    """Return *value* with *new* at *pointer*; missing objects on the way are created."""
    *parents, last = parts(pointer)
    value = {} if value is None else value
    holder = value
    for token in parents:
        holder = holder.setdefault(token, {}) if isinstance(holder, dict) else None
    if not isinstance(holder, dict):
        raise CommandError(f"--set {pointer}: the input has no object there")
    holder[last] = new
    return value


# Asking


def _asked(schema: Any, value: Any) -> Any:
    """Return *value* with the values that *schema* requires, as typed by a person."""
    from httptask.settings import input_problems
    from httptask.workflow import typed_input, with_defaults

    asked_pointers: set[str] = set()
    while True:
        problems = input_problems(schema, with_defaults(schema, value))
        missing = next((problem for problem in problems if problem.code == "required"), None)
        if missing is None:
            return value
        pointer = pointer_of([missing.params["name"]], missing.pointer)
        if pointer in asked_pointers:  # asking again would not help: the engine reports the problem
            return value
        text = _answer(missing, pointer, schema)
        filled = _put(value, pointer, typed_input(schema, pointer, text))
        problems = input_problems(schema, filled)
        refused = [problem for problem in problems if _is_at(problem, pointer)]
        for problem in refused:
            note(problem.text(WHOLE_INPUT))
        if not refused:
            asked_pointers.add(pointer)
        else:
            _remove(filled, pointer)
        value = filled


def _answer(missing: Problem, pointer: str, schema: Any) -> str:
    from httptask.workflow import is_secret_input

    expected = missing.params.get("expected", "any value")
    prompt = printable(f"{pointer.removeprefix('/')} ({expected}): ")
    if is_secret_input(schema, pointer):
        return getpass.getpass(prompt)
    # Not `input`, which would write the prompt to stdout, where the result goes.
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise CommandError(f"{pointer}: nothing was typed; {GIVE_INPUT}")
    return line.rstrip("\r\n")


def _is_at(problem: Problem, pointer: str) -> bool:
    inside = problem.pointer == pointer or problem.pointer.startswith(f"{pointer}/")
    # What is still missing below it is asked for next.
    return inside and problem.severity == "error" and problem.code != "required"


def _remove(value: Any, pointer: str) -> None:
    *parents, last = parts(pointer)
    for token in parents:
        value = value[token]
    del value[last]
