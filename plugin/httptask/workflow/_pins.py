"""The pins of a definition: the file `pins/<name>.json` next to the definition `<name>.json`."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.problem_lines import with_lines
from httptask._core.strict_json import JsonError, dump, parse
from httptask.errors import CodedError, DefinitionError, Problem
from httptask.model.pins import ANSWER_FORMS, Pins
from httptask.settings import schema_problems
from httptask.workflow._definition import iter_tasks, read_json
from httptask.workflow._nested import Definitions, definitions_of
from httptask.workflow._pin_fit import pin_fit_problems

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime

PinsLike = Pins | Mapping[str, Any] | os.PathLike[str] | str | bool
"""Pins, their JSON, the path of their file, True for the file next to the definition, or False for
the same file if it exists.
"""

FOLDER = "pins"
"""The folder next to a definition."""

_MOST_BYTES = 8 * 1024 * 1024
"""The size limit of a file with a body, in bytes."""

_SILENT_TYPES = frozenset(("Decision", "Parallel", "Wait", "Workflow", "Terminate", "Simple"))
"""Types of tasks that send no request."""


def pins_path(definition: WorkflowDefinition) -> Path | None:
    """Return the path of *definition*'s pins; None if *definition* was not read from a file."""
    if definition.source is None:
        return None
    source = Path(definition.source)
    return source.parent / FOLDER / f"{source.stem}.json"


def load_pins(
    definition: WorkflowDefinition,
    source: PinsLike = True,
    *,
    is_offline: bool = False,
    definitions: Definitions | None = None,
) -> Pins:
    """Return the pins of *definition* and of its nested *definitions*.

    With a boolean *source*, the pin files next to the nested definitions are read, too. If
    *is_offline*, a task without a pin is refused. Raises `DefinitionError` with every error of the
    pins.
    """
    if isinstance(source, Pins):
        return replace(source, is_offline=source.is_offline or is_offline)
    if definitions is None:
        definitions = definitions_of(definition)
    document = _PinsDocument.of(definition, source)
    document.refuse_errors(definition, definitions)
    pins = document.whole_pins([])
    inner = dict(pins.definitions)
    if isinstance(source, bool):
        for name, other in definitions.items():
            path = pins_path(other)
            if name not in inner and path is not None and path.is_file():
                nested_document = _PinsDocument.read(path)
                nested_document.refuse_errors(other, definitions)
                inner[name] = nested_document.whole_pins([]).tasks
    return Pins(pins.tasks, inner, is_offline)


def pin_file_problems(
    definition: WorkflowDefinition, path: Path, definitions: Definitions, runtime: Runtime
) -> list[Problem]:
    """Return all problems of the pins of *definition* in the file *path*.

    *definitions* are the nested definitions. Raises `DefinitionError` if the file cannot be read.
    """
    document = _PinsDocument.read(path)
    problems = document.problems(definition, definitions)
    sound = document.whole_pins(problems)
    problems += pin_fit_problems(sound, definition, definitions, runtime)
    return document.with_lines(problems)


def pin_problems(pin: Any, path: Path) -> list[Problem]:
    """Return the problems of the single *pin*, meant for the file *path*, whatever its task."""
    document = _PinsDocument({"tasks": {_ONE: pin}}, path)
    start = pointer_of(["tasks", _ONE])
    problems = document.form_problems(pin, start)
    return [replace(problem, pointer=problem.pointer.removeprefix(start)) for problem in problems]


_ONE = "pin"
"""The task name under which a single pin is checked."""


class _PinsDocument:
    """The JSON *value* of pins, with the *path* and the *text* of its file."""

    def __init__(self, value: Any, path: Path | None = None, text: str = "") -> None:
        self._value = value
        self._path = path
        self._text = text

    @classmethod
    def of(
        cls,
        definition: WorkflowDefinition,
        source: Mapping[str, Any] | os.PathLike[str] | str | bool,
    ) -> _PinsDocument:
        """Read the pins of *definition* from *source*; see `PinsLike`."""
        if isinstance(source, Mapping):
            try:
                return cls(parse(dump(dict(source))))
            except (JsonError, TypeError, ValueError, RecursionError) as error:
                problem = Problem.of("not-json", "", jsonMessage=str(error))
                raise DefinitionError([problem], source="the pins") from error
        if not isinstance(source, bool):
            return cls.read(Path(source))
        path = pins_path(definition)
        has_file = path is not None and path.is_file()
        if not has_file and not source:
            return cls({})
        if path is None or not has_file:
            shown = str(path) if path is not None else f"{FOLDER}/NAME.json"
            problem = Problem.of("pins-missing", "", file=shown)
            raise DefinitionError([problem], source="the pins")
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> _PinsDocument:
        """Read the pins in the file *path*. Raises `DefinitionError`."""
        if not path.exists():
            problem = Problem.of("pins-missing", "", file=str(path))
            raise DefinitionError([problem], source="the pins")
        value, text = read_json(str(path))
        return cls(value, path, text)

    def sound_pins(self, problems: list[Problem]) -> Pins:
        """Return the pins of the tasks without any of *problems*."""
        if not isinstance(self._value, Mapping):
            return Pins()
        pointers = [f"{problem.pointer}/" for problem in problems]

        def sound(path: Any, pins: Any) -> dict[str, Any]:
            if not isinstance(pins, Mapping):
                return {}
            starts = {name: pointer_of([*path, name]) + "/" for name in pins}
            return {
                name: pin
                for name, pin in pins.items()
                if not any(
                    pointer.startswith(starts[name]) or starts[name].startswith(pointer)
                    for pointer in pointers
                )
            }

        inner = self._value.get("definitions")
        inner = inner if isinstance(inner, Mapping) else {}
        tasks = sound(["tasks"], self._value.get("tasks"))
        definitions = {name: sound(["definitions", name], pins) for name, pins in inner.items()}
        return Pins(tasks, definitions)

    def whole_pins(self, problems: list[Problem]) -> Pins:
        """Return the `sound_pins`, with the contents of body files."""
        sound = self.sound_pins(problems)
        tasks = self._whole_tasks(sound.tasks)
        definitions = {name: self._whole_tasks(pins) for name, pins in sound.definitions.items()}
        return Pins(tasks, definitions)

    def _whole_tasks(self, tasks: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._with_body(pin) for name, pin in tasks.items()}

    def refuse_errors(self, definition: WorkflowDefinition, definitions: Definitions) -> None:
        """Raise `DefinitionError` with every error."""
        problems = self.problems(definition, definitions)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            source = "the pins"
            if self._path is not None:
                source = str(self._path)
            raise DefinitionError(self.with_lines(errors), source=source)

    def with_lines(self, problems: list[Problem]) -> list[Problem]:
        """Return *problems* with their line numbers."""
        return with_lines(problems, self._text)

    def problems(self, definition: WorkflowDefinition, definitions: Definitions) -> list[Problem]:
        """Return the problems of the pins, and of the names of their tasks and definitions."""
        problems = schema_problems(packaged.schema("pins"), self._value)
        sound = self.sound_pins(problems)
        problems += self._task_problems(sound.tasks, definition, pointer_of(["tasks"]))
        for name, pins in sound.definitions.items():
            pointer = pointer_of(["definitions", name])
            if name in definitions:
                problems += self._task_problems(pins, definitions[name], pointer)
            else:
                problems.append(_unknown("pin-definition-unknown", pointer, name, definitions))
        return problems

    def form_problems(self, pin: Any, pointer: str) -> list[Problem]:
        """Return the problems of the single *pin* at *pointer*, whatever its task is."""
        problems = schema_problems(packaged.schema("pins"), self._value)
        return problems or list(self._pin_problems(pin, pointer, 2))

    def _task_problems(
        self, pins: Mapping[str, Any], definition: WorkflowDefinition, pointer: str
    ) -> Iterator[Problem]:
        """Yield the problems of *pins*, at *pointer*: of the names of tasks, and of their pins."""
        tasks = {name: task for _, name, task in iter_tasks(definition)}
        for name, pin in pins.items():
            pin_pointer = pointer_of([name], pointer)
            if name not in tasks:
                senders = [task_name for task_name, task in tasks.items() if _sends(task)]
                yield _unknown("pin-task-unknown", pin_pointer, name, senders)
            elif not _sends(tasks[name]):
                yield Problem.of(
                    "pin-task-type", pin_pointer, name=name, type=tasks[name].get("type")
                )
            else:
                nesting = 1
                if tasks[name].get("forEach") is not None:
                    nesting = 2
                yield from self._pin_problems(pin, pin_pointer, nesting)

    def _pin_problems(self, pin: Any, pointer: str, nesting: int) -> Iterator[Problem]:
        """Yield the problems of *pin*, in which lists may be nested *nesting* times."""
        if isinstance(pin, list):
            if not nesting:
                yield Problem.of("pin-list", pointer)
                return
            for index, inner in enumerate(pin):
                yield from self._pin_problems(inner, pointer_of([index], pointer), nesting - 1)
            return
        forms = [name for name in ANSWER_FORMS if pin.get(name) is not None]
        if pin.get("example"):
            forms.append("example")
        if pin.get("error") is not None:
            forms += [name for name in ("status", "headers") if pin.get(name) is not None]
        if len(forms) > 1:
            yield Problem.of("pin-form", pointer, names=sorted(forms))
        yield from _base64_problems(pin, pointer)
        yield from self._file_problems(pin, pointer)

    # Bodies in files

    def _file_problems(self, pin: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
        name = pin.get("bodyFile")
        if name is None:
            return
        try:
            self._content(name)
        except CodedError as error:
            file_pointer = pointer_of(["bodyFile"], pointer)
            yield Problem.of("pin-body-file", file_pointer, reason=error.reason)

    def _with_body(self, pin: Any) -> Any:
        """Return *pin* with the contents of its body files in `bodyBase64`."""
        if isinstance(pin, list):
            return [self._with_body(inner) for inner in pin]
        name = pin.get("bodyFile")
        if name is None:
            return pin
        rest = {field: value for field, value in pin.items() if field != "bodyFile"}
        return {**rest, "bodyBase64": base64.b64encode(self._content(name)).decode("ascii")}

    def _content(self, name: str) -> bytes:
        """Return the content of the body file *name*. Raises `CodedError`."""
        if self._path is None:
            raise CodedError("pin-file-unnamed")
        try:
            content = _content_below(self._path.parent.resolve(), name)
        except OSError as error:
            message = error.strerror or str(error)
            raise CodedError("pin-file-unread", systemMessage=message) from error
        if len(content) > _MOST_BYTES:
            raise CodedError("pin-file-size", limit=_MOST_BYTES // 2**20)
        return content


def _content_below(folder: Path, name: str) -> bytes:
    """Return the content of the file *name*, which must be below *folder*, up to the size limit."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise CodedError("pin-file-outside", folder=FOLDER)
    if not path.is_file():
        raise CodedError("pin-file-missing")
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def sends_requests(type_name: Any) -> bool:
    """Say whether tasks of the type *type_name* may send requests, which pins can answer."""
    return type_name not in _SILENT_TYPES


def _sends(task: Mapping[str, Any]) -> bool:
    return sends_requests(task.get("type"))


def _base64_problems(pin: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    encoded = pin.get("bodyBase64")
    if encoded is None:
        return
    try:
        base64.b64decode(encoded, validate=True)
    except ValueError as error:
        yield Problem.of(
            "pin-base64", pointer_of(["bodyBase64"], pointer), pythonMessage=str(error)
        )


def _unknown(code: str, pointer: str, name: str, known: Mapping[str, Any] | list[str]) -> Problem:
    near = nearest(name, known)
    suggestion = near[0] if near else None
    return Problem.of(
        code,
        pointer,
        suggestion=suggestion,
        name=name[:100],
    )
