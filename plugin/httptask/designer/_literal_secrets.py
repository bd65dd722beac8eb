"""Secrets that stand in a definition: what is stored of its runs does not have them.

They are the values of which validation warns (`secret-in-the-open`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from httptask._core.pointers import child, index, parts
from httptask._core.pointers import pointer as pointer_of
from httptask._core.redaction import MASK
from httptask._core.strict_json import dump
from httptask._http.secret_names import basic_password, is_secret, passwords_in, tokens_in
from httptask.building import with_values
from httptask.designer._problems import Refused
from httptask.errors import DefinitionError, Problem
from httptask.model.workflow import WorkflowDefinition
from httptask.settings import secrets_below
from httptask.workflow import (
    environment_folder,
    load_definition,
    load_environment,
    load_pins,
    pin_secrets,
    pins_path,
    problems,
)

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.model.pins import Pins
    from httptask.model.workflow import TaskRun
    from httptask.protocols import RunOptions
    from httptask.task import Runtime

_CODE = "secret-in-the-open"
_SCHEMES = ("basic", "bearer")
_AUTHORIZATIONS = ("authorization", "proxy-authorization")
_Stored = TypeVar("_Stored", "WorkflowDefinition", "Environment", "Pins")


def masked_plan(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> tuple[WorkflowDefinition, RunOptions, list[str]]:
    """Return *definition* and *options* with `MASK` in place of literal secrets, and the secrets.

    Masked are the definition, those that it runs, the environment, the variables and the pins; not
    the input.
    """
    masking = _Masking(runtime)
    masked = replace(
        options,
        definitions={
            name: masking.definition(nested) for name, nested in options.definitions.items()
        },
        environment=options.environment and masking.environment(options.environment),
        variables=masking.below(options.variables),
        pins=options.pins and masking.pins(options.pins),
    )
    return masking.definition(definition), masked, masking.secrets


def whole_definition(
    stored: WorkflowDefinition, runtime: Runtime, *, is_masked: bool
) -> WorkflowDefinition:
    """Return *stored*, or, if it *is_masked*, the definition in its file with the secrets.

    Raises `Refused` if the file is gone, or differs in anything else.
    """
    if not is_masked:
        return stored
    return _reloaded(
        stored,
        _Masking(runtime).definition,
        lambda: load_definition(stored.source or ""),
        f"the definition {stored.title!r}",
        Path(stored.source) if stored.source is not None else None,
    )


def whole_options(
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
    lacking: Collection[str],
) -> RunOptions:
    """Return *options* with the literal secrets of the *lacking* parts, which are not stored.

    They are in the files next to *definition*. Raises `Refused` if one of these is gone, or differs
    in anything else.
    """
    if "variables" in lacking:
        raise Refused(
            "definition",
            "secrets in the variables of the run are not stored, and were in no file: start a new"
            " run with these variables. Nothing was run",
        )
    definitions = {
        name: whole_definition(nested, runtime, is_masked=f"definitions/{name}" in lacking)
        for name, nested in options.definitions.items()
    }
    environment, pins = options.environment, options.pins
    if environment is not None and "environment" in lacking:
        name = environment.name
        environment = _reloaded(
            environment,
            _Masking(runtime).environment,
            lambda: load_environment(definition, name),
            f"the environment {name!r}",
            environment_folder(definition) / f"{name}.json",
        )
    if pins is not None and "pins" in lacking:
        is_offline = pins.is_offline
        pins = _reloaded(
            pins,
            _Masking(runtime).pins,
            lambda: load_pins(definition, False, is_offline=is_offline, definitions=definitions),
            f"the pins of {definition.title!r}",
            pins_path(definition),
        )
    return replace(options, definitions=definitions, environment=environment, pins=pins)


def refuse_masked_answers(tasks: Iterable[TaskRun], pins: Pins | None, runtime: Runtime) -> None:
    """Raise `Refused` if one of *pins* answered one of *tasks* with a secret, which is not stored.

    A later task would get the mask.
    """
    if pins is None:
        return
    masked = _Masking(runtime).pins(pins)
    is_masked_inside = masked.definitions != pins.definitions
    for task in tasks:
        if task.pinned and masked.tasks.get(task.name) != pins.tasks.get(task.name):
            subject = f"the pin of the task {task.name!r} answered"
        elif task.type == "Workflow" and is_masked_inside:
            # Which pins answered inside is not told: it is in the record of the inner run.
            subject = f"a pin inside the task {task.name!r} may have answered"
        else:
            continue
        raise Refused(
            "definition",
            f"{subject} with a secret, which is not stored with that run, so that later tasks would"
            " get a mask: run it again from its beginning. Nothing was run",
        )


class _Masking:
    """Masks literal secrets, and collects them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.secrets: list[str] = []

    def definition(self, definition: WorkflowDefinition) -> WorkflowDefinition:
        document = self._at(definition.document, problems(definition, self._runtime))
        return WorkflowDefinition(document, source=definition.source)

    def environment(self, environment: Environment) -> Environment:
        return replace(
            environment,
            servers=self.below(environment.servers),
            variables=self.below(environment.variables),
        )

    def pins(self, pins: Pins) -> Pins:
        tasks = {"tasks": pins.tasks, "definitions": pins.definitions}
        masked = self._at(tasks, _problems_of_pins(pins))
        return replace(pins, tasks=masked["tasks"], definitions=masked["definitions"])

    def below(self, value: Mapping[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = self._at(value, secrets_below(value, ""))
        return masked

    def _at(self, value: Any, reported: Iterable[Problem]) -> Any:
        """Return *value* with `MASK` at each pointer of *reported* that is about a secret."""
        masks: dict[tuple[str | int, ...], Any] = {}
        for problem in reported:
            if problem.code == _CODE:
                path, secret = _resolved(value, problem.pointer)
                masks[path] = MASK
                self.secrets += _secret_texts(path, secret)
        return with_values(value, masks) if masks else value


def _problems_of_pins(pins: Pins) -> Iterator[Problem]:
    """Yield the problem of each literal secret in *pins*."""
    for name, pin in pins.tasks.items():
        yield from pin_secrets(pin, pointer_of(["tasks", name]))
    for definition, tasks in pins.definitions.items():
        for name, pin in tasks.items():
            yield from pin_secrets(pin, pointer_of(["definitions", definition, name]))


def _resolved(value: Any, pointer: str) -> tuple[tuple[str | int, ...], Any]:
    """Return the path of the JSON *pointer* in *value*, and the value there."""
    path: list[str | int] = []
    for token in parts(pointer):
        position = index(token, len(value)) if isinstance(value, list) else None
        path.append(token if position is None else position)
        value = child(value, token)
    return tuple(path), value


def _secret_texts(path: tuple[str | int, ...], value: Any) -> list[str]:
    """Return the texts to mask of *value* at *path*, which is or contains a secret.

    A server may repeat a part alone.
    """
    if not isinstance(value, str):
        return [dump(value)]
    parts_of_value = [*tokens_in(value), *passwords_in(value)]
    if path[-2:] == ("httpRequest", "url"):
        query = parse_qsl(value.partition("?")[2].partition("#")[0])
        named = [text for name, text in query if is_secret(name, text, "query")]
        return named + parts_of_value
    name = str(path[-1]).lower() if path else ""
    if name == "cookie":
        return [
            value,
            *parts_of_value,
            *(pair.partition("=")[2].strip() for pair in value.split(";")),
        ]
    scheme, _, token = value.partition(" ")
    if token and (name in _AUTHORIZATIONS or scheme.lower() in _SCHEMES):
        password = basic_password(value.strip())
        parts_of_value += [token] if password is None else [token, password]
    return [value, *parts_of_value]


def _reloaded(
    stored: _Stored,
    mask: Callable[[_Stored], _Stored],
    load: Callable[[], _Stored],
    name: str,
    path: Path | None,
) -> _Stored:
    """Return what *load* reads from the file *path*, if its masked form is *stored*.

    Raises `Refused` otherwise; *name* is what is stored.
    """
    start = f"secrets in {name} are not stored with that run"
    if path is None or not path.is_file():
        file = "it was run without a file" if path is None else f"its file {path} is gone"
        raise Refused(
            "definition",
            f"{start}, and {file}:{'' if path is None else ' put that back as it was, or'} start a"
            " new run in the page. Nothing was run",
        )
    try:
        current = load()
    except DefinitionError as error:
        raise Refused(
            "definition", f"{start}, and its file cannot be read: {error}. Nothing was run"
        ) from error
    if mask(current).to_json() != stored.to_json():
        raise Refused(
            "definition",
            f"{start}, and its file {path} has changed since: undo all changes except those of"
            " secrets, or start a new run in the page. To go on with any run after changes, store"
            " the secrets as credentials. Nothing was run",
        )
    return current
