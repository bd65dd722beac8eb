"""Definitions that other definitions run: found by id, and checked along the way from one to the
next.
"""

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
"""Definitions that one definition runs, and those run in turn."""

Definitions = Mapping[str, WorkflowDefinition]


def definitions_of(
    definition: WorkflowDefinition, load: Callable[[str], WorkflowDefinition | None] | None = None
) -> dict[str, WorkflowDefinition]:
    """Return the definitions that a run of *definition* may need, by id: those of `Workflow` tasks,
    failure workflows, and theirs in turn. One that there is not is left out.

    *load* returns the definition of an id; without it, that is the file `<id>.json` next to
    *definition*. Raises `DefinitionError` for a file that is no definition.
    """
    load = load or _loader(definition)
    known: dict[str, WorkflowDefinition] = {}
    missing: set[str] = set()
    pending = [definition]
    while pending and len(known) < _MOST:
        for name in nested_ids(pending.pop()):
            if name in known or name in missing:
                continue
            other = load(name)
            if other is None:
                missing.add(name)
            else:
                known[name] = other
                pending.append(other)
    return known


def nested_definitions(
    definition: WorkflowDefinition, definitions: Definitions
) -> dict[str, WorkflowDefinition]:
    """Return those of *definitions*, by id, that tasks of *definition* run, and those of theirs."""
    known: dict[str, WorkflowDefinition] = {}
    pending = [definition]
    while pending:
        for _, _, name in workflow_tasks(pending.pop()):
            if name in definitions and name not in known:
                known[name] = definitions[name]
                pending.append(definitions[name])
    return known


def _loader(definition: WorkflowDefinition) -> Callable[[str], WorkflowDefinition | None]:
    folder = Path(definition.source or "").parent

    def load(name: str) -> WorkflowDefinition | None:
        path = folder / f"{name}.json"
        if not name or "\0" in name or Path(name).name != name or not path.is_file():
            return None
        return load_definition(path)

    return load


def _ids_next_to(definition: WorkflowDefinition) -> list[str]:
    """Return the ids of the definitions in the folder of *definition*; none where it is no file."""
    if definition.source is None:
        return []
    try:
        return [path.stem for path in islice(Path(definition.source).parent.glob("*.json"), _MOST)]
    except OSError:
        return []


def nested_ids(definition: WorkflowDefinition) -> Iterator[str]:
    """Yield the ids that *definition* itself names: of `Workflow` tasks, and of its failure
    workflow.
    """
    document: Any = definition.document
    failure = document.get("failureWorkflow") if isinstance(document, Mapping) else None
    if isinstance(failure, str):
        yield failure
    yield from (name for _, _, name in workflow_tasks(definition))


def workflow_tasks(
    definition: WorkflowDefinition,
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield pointer and task of each task of *definition* that runs another one, and its id."""
    document: Any = definition.document
    if not isinstance(document, Mapping):
        return
    for pointer, _, task in iter_tasks(definition):
        name = task.get("definition")
        if task.get("type") == "Workflow" and isinstance(name, str):
            yield pointer, task, name


def nested_problems(definition: WorkflowDefinition, definitions: Definitions) -> Iterator[Problem]:
    """Yield what is wrong with the tasks of *definition* that run one of *definitions*: one that
    there is not, inputs that its `inputSchema` refuses, a way that leads back to *definition*. A
    `failureWorkflow` that there is not is a warning.
    """
    failure = definition.failure_workflow if isinstance(definition.document, Mapping) else None
    if isinstance(failure, str) and failure not in definitions:
        # The run ends as it would; it is found out when something else has failed already.
        pointer = pointer_of(["failureWorkflow"])
        yield replace(_unknown(failure, pointer, definition, definitions), severity="warning")
    own = Path(definition.source).stem if definition.source else None
    way_back = cache(partial(_way_back, own=own, runs=cache(partial(_runs, definitions))))
    for pointer, task, name in workflow_tasks(definition):
        at = pointer_of(["definition"], pointer)
        if name not in definitions:
            yield _unknown(name, at, definition, definitions)
            continue
        yield from _input_problems(
            definitions[name], task.get("inputParameters"), pointer_of(["inputParameters"], pointer)
        )
        chain = way_back(name)
        if chain:
            yield Problem.of("workflow-cycle", at, severity="warning", tasks=chain)


def _unknown(
    name: str, pointer: str, definition: WorkflowDefinition, definitions: Definitions
) -> Problem:
    near = nearest(name, {*definitions, *_ids_next_to(definition)})
    return Problem.of(
        "workflow-unknown", pointer, suggestion=near[0] if near else None, name=name[:100]
    )


def _input_problems(other: WorkflowDefinition, given: Any, pointer: str) -> Iterator[Problem]:
    """Yield what the `inputSchema` of *other* refuses of *given*, as far as it is known: what an
    expression brings is checked when it runs.
    """
    schema = other.input_schema
    if not isinstance(schema, Mapping | bool) or not isinstance(given, Mapping | None):
        return
    filled = with_defaults(schema, given)
    for problem in input_problems(schema, filled, expressions=True):
        if problem.code != "schema-unusable":  # said where that definition is checked
            yield replace(problem, pointer=pointer + problem.pointer)
    expected = input_shape(schema)
    for name in given or () if isinstance(expected, dict) else ():
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
    """Return the ids that the one of *definitions* called *name* runs, each once."""
    tasks = workflow_tasks(definitions[name]) if name in definitions else ()
    return list(dict.fromkeys(other for _, _, other in tasks))


def _way_back(name: str, *, own: str | None, runs: Callable[[str], list[str]]) -> list[str]:
    """Return the ids on a way from *name* back to it, or to *own*, the id of the definition that
    runs it; empty when no way leads there. *runs* tells which ones an id runs.
    """
    first = [] if own is None else [own]
    if name == own:
        return [name, name]
    pending = [[name]]
    seen = {name}
    while pending:
        way = pending.pop()
        for following in runs(way[-1]):
            if following == own:
                return [*first, *way, following]
            if following == name:
                return [*way, following]
            if following not in seen:
                seen.add(following)
                pending.append([*way, following])
    return []
