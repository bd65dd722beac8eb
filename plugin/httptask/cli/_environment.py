"""The environment of a run (`--env`, `HTTPTASK_ENV`), and the variables of a run."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import parts
from httptask.cli._input import assigned
from httptask.cli._output import CommandError

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.environment import Environment
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime

VARIABLE = "HTTPTASK_ENV"
"""The environment variable with the name of the environment, if `--env` is not given."""


def environment_option(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add `--env` to *parser*; *meaning* begins its help."""
    parser.add_argument(
        "--env",
        metavar="NAME",
        help=f"{meaning}: environments/NAME.json next to it (environment: {VARIABLE})",
    )


def variable_option(parser: argparse.ArgumentParser) -> None:
    """Add `--variable` to *parser*."""
    parser.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable in $.variables; it replaces those of the environment and the definition",
    )


def environment_of(
    arguments: argparse.Namespace,
    definition: WorkflowDefinition,
) -> Environment | None:
    """Return the environment named in *arguments* or by the operator; None if none is named.

    Raises `DefinitionError` if there is no environment of this name, or if its file is wrong.
    """
    from httptask.workflow import load_environment

    name = environment_name(arguments)
    return load_environment(definition, name) if name else None


def environment_name(arguments: argparse.Namespace) -> str | None:
    """Return the name of the environment in *arguments*, else the operator's, or None."""
    name: str | None = arguments.env
    if name is not None:
        return name
    return os.environ.get(VARIABLE)


def given_variables(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the variables in *arguments*. Raises `CommandError`."""
    from httptask.workflow import typed_input

    variables: dict[str, Any] = {}
    for assignment in arguments.variable:
        pointer, text = assigned(assignment, "--variable")
        if assignment.startswith("/"):
            raise CommandError(
                f"--variable: expected a name, found the JSON Pointer {pointer!r}; give the"
                " variable as a whole, NAME=JSON"
            )
        name = parts(pointer)[-1]
        if name in variables:
            raise CommandError(f"--variable: {name} is given twice; give it once")
        variables[name] = typed_input(True, pointer, text)
    return variables


def credentials_of_environments(
    arguments: argparse.Namespace,
    definition: WorkflowDefinition,
) -> set[str]:
    """Return the names of credentials that the named environment, or else any environment,
    replaces.

    A file that is wrong replaces none.
    """
    from httptask.errors import DefinitionError
    from httptask.workflow import environment_names, load_environment

    name = environment_name(arguments)
    mapped: set[str] = set()
    for environment in [name] if name else environment_names(definition):
        with contextlib.suppress(DefinitionError):
            mapped.update(load_environment(definition, environment).credentials)
    return mapped


def problems_by_environment(
    arguments: argparse.Namespace,
    definition: WorkflowDefinition,
    runtime: Runtime,
) -> dict[str, tuple[list[Problem], list[Problem]]]:
    """Return the problems in the named environment, or else in each: in its file, and in
    *definition*.

    Problems that the definition has without an environment are left out. Raises
    `DefinitionError` if the named environment does not exist, or its file is not JSON.
    """
    from httptask.errors import DefinitionError
    from httptask.workflow import environment_names, environment_problems, problems

    name = environment_name(arguments)
    if name:
        return {name: environment_problems(definition, name, runtime)}
    names = environment_names(definition)
    anywhere = set(problems(definition, runtime)) if names else None
    by_name: dict[str, tuple[list[Problem], list[Problem]]] = {}
    for environment in names:
        try:
            by_name[environment] = environment_problems(definition, environment, runtime, anywhere)
        except DefinitionError as error:
            by_name[environment] = list(error.problems), []
    return by_name
