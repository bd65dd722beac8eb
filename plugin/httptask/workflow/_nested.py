"""Nested definitions, which other definitions run: find them by id, and check how they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem
from httptask.model.workflow import WorkflowDefinition
from httptask.settings import input_problems
from httptask.workflow._definition import iter_tasks, load_definition
from httptask.workflow._input import input_shape, with_defaults

_MOST = 1_000
"""The number of nested definitions that are loaded for one definition."""

Definitions = Mapping[str, WorkflowDefinition]


def definitions_of(
    definition: WorkflowDefinition, load: Callable[[str], WorkflowDefinition | None] | None = None
) -> dict[str, WorkflowDefinition]:
    """Return the definitions that a run of *definition* may need, by id.

    These are the definitions of `Workflow` tasks and failure workflows, and the definitions that
    these need in turn. Missing definitions are left out. *load* returns the definition of an id, or
    None; the default loads the file `<id>.json` next to *definition*. Raises `DefinitionError` for
    a file that is not a definition.
    """
    load = load or _loader(definition)
    loaded: dict[str, WorkflowDefinition] = {}
    missing: set[str] = set()
    pending = [definition]
    while pending and len(loaded) < _MOST:
        for name in nested_ids(pending.pop()):
            if name in loaded or name in missing:
                continue
            other = load(name)
            if other is None:
                missing.add(name)
            else:
                loaded[name] = other
                pending.append(other)
    return loaded


def nested_definitions(
    definition: WorkflowDefinition, definitions: Definitions
) -> dict[str, WorkflowDefinition]:
    """Return the entries of *definitions* that tasks of *definition* run, directly or in turn."""
    nested: dict[str, WorkflowDefinition] = {}
    pending = [definition]
    while pending:
        for _, _, name in workflow_tasks(pending.pop()):
            if name in definitions and name not in nested:
                nested[name] = definitions[name]
                pending.append(definitions[name])
    return nested


def _loader(definition: WorkflowDefinition) -> Callable[[str], WorkflowDefinition | None]:
    """Return the function that loads definitions from the folder of *definition*."""
    folder = Path(definition.source or "").parent

    def load(name: str) -> WorkflowDefinition | None:
        path = folder / f"{name}.json"
        # A name with a folder in it would leave the folder of the definition.
        is_file_name = bool(name) and "\0" not in name and Path(name).name == name
        if not is_file_name or not path.is_file():
            return None
        return load_definition(path)

    return load


def _ids_next_to(definition: WorkflowDefinition) -> list[str]:
    """Return the ids of the definitions in *definition*'s folder; [] without a file."""
    if definition.source is None:
        return []
    try:
        paths = Path(definition.source).parent.glob("*.json")
        return [path.stem for path in islice(paths, _MOST)]
    except OSError:
        return []


def nested_ids(definition: WorkflowDefinition) -> Iterator[str]:
    """Yield the ids in `failureWorkflow` and the `Workflow` tasks of *definition*."""
    document: Any = definition.document
    failure = None
    if isinstance(document, Mapping):
        failure = document.get("failureWorkflow")
    if isinstance(failure, str):
        yield failure
    yield from (name for _, _, name in workflow_tasks(definition))


def workflow_tasks(
    definition: WorkflowDefinition,
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield pointer, task and nested definition's id for each `Workflow` task of *definition*."""
    document: Any = definition.document
    if not isinstance(document, Mapping):
        return
    for pointer, _, task in iter_tasks(definition):
        name = task.get("definition")
        if task.get("type") == "Workflow" and isinstance(name, str):
            yield pointer, task, name


def nested_problems(definition: WorkflowDefinition, definitions: Definitions) -> Iterator[Problem]:
    """Yield the problems of the `Workflow` tasks and the `failureWorkflow` of *definition*.

    The problems are ids missing in *definitions* (a warning for `failureWorkflow`), inputs that the
    nested `inputSchema` refuses, and cycles.
    """
    failure = None
    if isinstance(definition.document, Mapping):
        failure = definition.failure_workflow
    if isinstance(failure, str) and failure not in definitions:
        # Only a warning: the failure workflow does not change how the run ends.
        pointer = pointer_of(["failureWorkflow"])
        yield replace(_unknown(failure, pointer, definition, definitions), severity="warning")
    own_id = None
    if definition.source:
        own_id = Path(definition.source).stem
    cycle_through = cache(
        partial(_cycle_through, own_id=own_id, runs=cache(partial(_runs, definitions)))
    )
    for pointer, task, name in workflow_tasks(definition):
        id_pointer = pointer_of(["definition"], pointer)
        if name not in definitions:
            yield _unknown(name, id_pointer, definition, definitions)
            continue
        yield from _input_problems(
            definitions[name], task.get("inputParameters"), pointer_of(["inputParameters"], pointer)
        )
        cycle = cycle_through(name)
        if cycle:
            yield Problem.of("workflow-cycle", id_pointer, severity="warning", tasks=cycle)


def _unknown(
    name: str, pointer: str, definition: WorkflowDefinition, definitions: Definitions
) -> Problem:
    if "${" in name:
        return Problem.of("workflow-expression", pointer)
    near = nearest(name, {*definitions, *_ids_next_to(definition)})
    return Problem.of(
        "workflow-unknown", pointer, suggestion=near[0] if near else None, name=name[:100]
    )


def _input_problems(other: WorkflowDefinition, parameters: Any, pointer: str) -> Iterator[Problem]:
    """Yield the problems of the input *parameters* by the `inputSchema` of *other*.

    The values of expressions are checked in the run.
    """
    schema = other.input_schema
    if not isinstance(schema, Mapping | bool) or not isinstance(parameters, Mapping | None):
        return
    filled = with_defaults(schema, parameters)
    for problem in input_problems(schema, filled, expressions=True):
        if problem.code != "schema-unusable":  # reported in the problems of the other definition
            yield replace(problem, pointer=pointer + problem.pointer)
    expected = input_shape(schema)
    for name in parameters or () if isinstance(expected, dict) else ():
        if name not in expected and not _refuses_others(schema):
            near = nearest(name, expected)
            yield Problem.of(
                "unknown-name",
                pointer_of([name], pointer),
                suggestion=near[0] if near else None,
                severity="warning",
                name=name,
                known=list(expected),
            )


def _refuses_others(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("additionalProperties") is False


def _runs(definitions: Definitions, name: str) -> list[str]:
    """Return the distinct ids that the definition *name* runs."""
    tasks = workflow_tasks(definitions[name]) if name in definitions else ()
    return list(dict.fromkeys(other for _, _, other in tasks))


def _cycle_through(name: str, *, own_id: str | None, runs: Callable[[str], list[str]]) -> list[str]:
    """Return the ids on a path from *name* back to itself, or to *own_id*; [] without such a path.

    *own_id* is the id of the definition that runs *name*. *runs* returns the ids that a definition
    runs.
    """
    prefix = [] if own_id is None else [own_id]
    if name == own_id:
        return [name, name]
    pending = [[name]]
    visited = {name}
    while pending:
        path = pending.pop()
        for following in runs(path[-1]):
            if following == own_id:
                return [*prefix, *path, following]
            if following == name:
                return [*path, following]
            if following not in visited:
                visited.add(following)
                pending.append([*path, following])
    return []
