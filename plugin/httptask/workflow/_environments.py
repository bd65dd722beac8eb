"""The environments of a definition: the files `environments/<name>.json` in its folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.problem_lines import with_lines
from httptask._http.syntax import split_url
from httptask.credentials import (
    has_own_stores_alone,
    listed_credentials,
    named_credentials,
    shelf_of,
)
from httptask.errors import DefinitionError, Problem
from httptask.model.environment import Environment, rest_below
from httptask.settings import schema_problems, secrets_below
from httptask.workflow._definition import iter_tasks, load_definition, read_json
from httptask.workflow._environment_files import environment_path
from httptask.workflow._validation import problems

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime

_MOST = 1_000
"""The number of neighbouring definitions that are read."""


def load_environment(definition: WorkflowDefinition, name: str) -> Environment:
    """Read the environment *name* of *definition*.

    Raises `DefinitionError` with every error of its file, or with the nearest name if the file does
    not exist.
    """
    path = environment_path(definition, name)
    document, text = read_json(str(path))
    problems = environment_file_problems(document)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise DefinitionError(with_lines(errors, text), source=str(path))
    return Environment.from_json({**document, "name": name})


def variables_of(
    definition: WorkflowDefinition,
    environment: Environment | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return `$.variables`: those of *definition*, overridden by those of *environment*, overridden
    by *variables*.
    """
    defaults = definition.document.get("variables") or {}
    of_environment = environment.variables if environment is not None else {}
    return {
        **defaults,
        **of_environment,
        **(variables or {}),
    }


def environment_problems(
    definition: WorkflowDefinition,
    name: str,
    runtime: Runtime,
    anywhere: Collection[Problem] | None = None,
) -> tuple[list[Problem], list[Problem]]:
    """Return the problems of the environment's file, and of *definition* in the environment.

    The second list leaves out the problems *anywhere*, which do not depend on an environment; None:
    they are computed. Raises `DefinitionError` if the environment *name* does not exist, or its
    file is not JSON.
    """
    document, text = read_json(str(environment_path(definition, name)))
    in_file = environment_file_problems(document)
    if any(problem.severity == "error" for problem in in_file):
        return with_lines(in_file, text), []
    environment = Environment.from_json({**document, "name": name})
    tasks = _tasks_of_folder(definition)
    file_problems = [
        *in_file,
        *_unused_servers(tasks, environment),
        *_credential_problems(tasks, environment, runtime),
    ]
    if anywhere is None:
        anywhere = set(problems(definition, runtime))
    here = problems(definition, runtime, environment)
    only_here = [problem for problem in here if problem not in anywhere]
    return with_lines(file_problems, text), only_here


def environment_file_problems(document: Any) -> list[Problem]:
    """Return the problems of *document*, the JSON of an environment's file."""
    problems = schema_problems(packaged.schema("environment"), document)
    if not isinstance(document, Mapping):
        return problems
    servers = document.get("servers")
    for server, address in servers.items() if isinstance(servers, Mapping) else ():
        for text in (server, address):
            if isinstance(text, str) and not _is_address(text):
                server_pointer = pointer_of(["servers", server])
                # The user information of a URL may hold a password.
                shown = re.sub(r"//[^/@]*@", "//…@", text)
                problems.append(Problem.of("environment-server", server_pointer, found=shown[:200]))
    for name in ("variables", "servers"):
        problems += secrets_below(document.get(name), pointer_of([name]))
    return problems


def _is_address(text: str) -> bool:
    """Say whether *text* is an HTTP URL of a server, with or without the beginning of a path."""
    try:
        split = split_url(text)
    except ValueError:
        return False
    rest = split.query or split.fragment or "?" in text or "#" in text
    is_plain = split.username is None and not rest and not re.search(r"[\s{}$]", text)
    return split.scheme in ("http", "https") and bool(split.hostname) and is_plain


# The environment together with its definition


def _tasks_of_folder(definition: WorkflowDefinition) -> list[Mapping[str, Any]]:
    """Return the tasks of all definitions in *definition*'s folder: they share environments."""
    tasks = [task for _, _, task in iter_tasks(definition)]
    own_path = Path(definition.source or "")
    for path in islice(own_path.parent.glob("*.json"), _MOST):
        if path.name == own_path.name or not path.is_file():  # reading a pipe would block
            continue
        try:
            tasks += [task for _, _, task in iter_tasks(load_definition(path))]
        except DefinitionError:
            continue  # reported when that definition is opened
    return tasks


def _unused_servers(tasks: list[Mapping[str, Any]], environment: Environment) -> Iterator[Problem]:
    """Yield a warning for each server with which no task's URL begins.

    Yield nothing if an expression determines the server of some URL.
    """
    urls = [url for task in tasks if (url := _url(task)) is not None]
    # Which server such a URL has is only known in a run: any server may be used by it.
    for url in urls:
        known_part = _known_part(url)
        if known_part != url and not _HAS_SERVER.match(known_part):
            return
    for server in environment.servers:
        if not any(_may_begin_with(url, server) for url in urls):
            server_pointer = pointer_of(["servers", server])
            yield Problem.of(
                "environment-server-unused",
                server_pointer,
                severity="warning",
                server=server,
            )


_HAS_SERVER = re.compile(r"https?://[^/]+/")


def _url(task: Mapping[str, Any]) -> str | None:
    request = task.get("httpRequest")
    url = request
    if isinstance(request, Mapping):
        url = request.get("url")
    return url if isinstance(url, str) else None


def _known_part(url: str) -> str:
    """Return *url* up to its first expression or path parameter."""
    return re.split(r"\$?\{", url)[0]


def _may_begin_with(url: str, server: str) -> bool:
    """Say whether *url* may begin with *server*, as far as *url* is known."""
    known = _known_part(url)
    try:
        return rest_below(server, known) is not None or (
            known != url and f"{server}/".startswith(known)
        )
    except ValueError:
        return False


def _credential_problems(
    tasks: list[Mapping[str, Any]],
    environment: Environment,
    runtime: Runtime,
) -> Iterator[Problem]:
    """Yield warnings for names that no task uses, and for credentials that no store has."""
    used = [
        name
        for task in tasks
        for _, name in named_credentials(task.get("credentials"))
        if isinstance(name, str)
    ]
    listed, _ = listed_credentials()
    stored = [item.credential.name for item in listed]
    for name, other in environment.credentials.items():
        name_pointer = pointer_of(["credentials", name])
        if name not in used:
            yield _unknown("environment-credential-unused", name_pointer, name, used)
        # A plugin's store may have credentials that nobody can list: then nothing is certain.
        if has_own_stores_alone(runtime.plugins) and shelf_of(other) is None:
            yield _unknown("environment-credential-unknown", name_pointer, other, stored)


def _unknown(
    code: str,
    pointer: str,
    name: str,
    names: list[str],
) -> Problem:
    near = nearest(name, names)
    suggestion = near[0] if near else None
    return Problem.of(
        code,
        pointer,
        severity="warning",
        suggestion=suggestion,
        name=name,
    )
