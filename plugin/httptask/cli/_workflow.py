"""`validate`, `test-request`: check and try workflow definitions before they run."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._core.problem_lines import with_lines
from httptask._core.strict_json import dump
from httptask._visible import exact
from httptask.cli._code import code_options, print_code
from httptask.cli._definition import (
    definition_argument,
    files_option,
    host_header_option,
    load,
    run_options,
    runtime_of,
)
from httptask.cli._environment import (
    environment_of,
    environment_option,
    given_variables,
    variable_option,
)
from httptask.cli._exchange import exchange_text
from httptask.cli._hints import expression_hints, text_hints
from httptask.cli._input import input_options, json_file, test_input
from httptask.cli._output import (
    CommandError,
    command,
    emit,
    note,
)
from httptask.cli._pins import offline_option, pins_of, pins_option
from httptask.cli._receiver import callbacks_of, callbacks_options
from httptask.cli._suggestion import note_suggestion
from httptask.cli._validate import run_validate
from httptask.errors import ExpressionError, SettingsError

if TYPE_CHECKING:
    from httptask.cli._output import Commands
    from httptask.model.exchange import Exchange
    from httptask.model.task import Inputs, TestOptions
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import HttpTask, Runtime


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_validate(commands)
    _add_test_request(commands)


def _add_validate(commands: Commands) -> None:
    validate = command(
        commands,
        "validate",
        "report all problems of a workflow definition",
        "httptask validate flow.json",
    )
    definition_argument(validate)
    environment_option(validate, "check it as it runs in this environment alone, not in each")
    pins_option(validate, "check the pins in this file")
    host_header_option(validate)
    files_option(validate)
    validate.set_defaults(run=run_validate)


# test-request


def _add_test_request(commands: Commands) -> None:
    test = command(
        commands,
        "test-request",
        "run one HTTP task and show the raw exchange",
        "httptask test-request flow.json --task 'Send email'",
    )
    definition_argument(test)
    test.add_argument(
        "--task",
        metavar="NAME",
        help="the task; optional if the definition has only one HTTP task",
    )
    input_options(test)
    environment_option(test, "send the request as in this environment of the definition")
    variable_option(test)
    pins_option(test, "answer the request with the pin of the task in this file")
    offline_option(test)
    test.add_argument(
        "--tasks",
        metavar="FILE",
        help=(
            'a JSON file: the finished tasks, {"Name": {"output": ...}}, which expressions read as'
            " $.tasks"
        ),
    )
    code_options(test)
    test.add_argument(
        "--send-anyway",
        action="store_true",
        help="send the request even if its settings do not fit the endpoint",
    )
    test.add_argument(
        "--save-body",
        metavar="FILE",
        help="write the response's body to a file, byte for byte",
    )
    callbacks_options(test)
    run_options(test)
    test.set_defaults(run=run_test_request)


def run_test_request(arguments: argparse.Namespace) -> int:
    """Send a test request and print its exchange; exit status 1 if it did not succeed."""
    definition = load(arguments.definition)
    inputs = _inputs(arguments, definition)
    with runtime_of(arguments) as runtime:
        task = _task(definition, arguments.task, runtime)
        pins = pins_of(arguments, definition)
        if pins is not None:
            inputs = replace(inputs, pin=pins.of(task.name))
            # Who names a file of pins does not expect a request to go out.
            if inputs.pin is None:
                note(f"{task.name!r} has no pin: its request is sent (--offline refuses it)")
        try:
            if arguments.language:
                return print_code(arguments, task, inputs)
            return _send(arguments, task, inputs)
        except SettingsError as error:
            wrong = _with_lines(error, definition)
            for hint in text_hints(arguments, error.to_json()):
                wrong.add_note(hint)
            raise wrong from error
        except ExpressionError as error:
            for hint in expression_hints(arguments, inputs.input, error.to_json()):
                error.add_note(hint)
            raise


def _send(arguments: argparse.Namespace, task: HttpTask, inputs: Inputs) -> int:
    """Send the request of *task* and print its exchange; return the exit status."""
    from httptask.model.task import TestOptions

    if arguments.send_anyway:
        for problem in task.problems():
            note(f"sent anyway: {problem}")
    with _folder_near(arguments.save_body) as folder:
        exchange = _test(arguments, task, inputs, TestOptions(arguments.send_anyway, folder))
        _emit_exchange(arguments, exchange)
        if not arguments.json:
            note_suggestion(task, exchange)
        # Last, so that the exchange is printed even if the file cannot be written.
        if arguments.save_body:
            _save(arguments.save_body, exchange)
    return 0 if exchange.outcome == "success" else 1


def _test(
    arguments: argparse.Namespace,
    task: HttpTask,
    inputs: Inputs,
    options: TestOptions,
) -> Exchange:
    """Send the test request. If it is stopped, print the partial exchange."""
    from httptask.cli._stopping import Stopped, run_stoppable
    from httptask.sending import Progress, watched

    progress = Progress()

    async def run() -> Exchange:
        watched.set(progress)
        try:
            async with callbacks_of(arguments) as callbacks:
                return await task.atest_request(inputs, replace(options, callbacks=callbacks))
        finally:
            await task.runtime.aclose_connections()  # they belong to this event loop

    try:
        return run_stoppable(run)
    except Stopped as stopped:
        if progress.exchange is None:
            raise
        _emit_exchange(arguments, progress.exchange)
        delivered = progress.maybe_delivered
        detail = "the server may have got the request" if delivered else "nothing was sent"
        raise Stopped(stopped.number, detail) from None


def _emit_exchange(arguments: argparse.Namespace, exchange: Exchange) -> None:
    emit(arguments, _without_path(exchange.to_json()), exchange_text(exchange))


@contextlib.contextmanager
def _folder_near(path: str | None) -> Iterator[Path | None]:
    """Yield a temporary folder beside *path*; None if there cannot be one.

    It is on the same file system, so a file of any size can be moved from it to *path*.
    """
    import tempfile

    with contextlib.ExitStack() as stack:
        folder = None
        if path is not None:
            with contextlib.suppress(OSError):  # reported when the file is written
                parent = Path(path).absolute().parent
                temporary = tempfile.TemporaryDirectory(prefix=".httptask-", dir=parent)
                folder = Path(stack.enter_context(temporary))
        yield folder


def _without_path(exchange: dict[str, Any]) -> dict[str, Any]:
    """Remove the path of the temporary body file from *exchange*."""
    # Only the last response can have a file: earlier ones keep the start of their body alone.
    hops = exchange["attempts"][-1]["hops"] if exchange["attempts"] else []
    response = hops[-1]["response"] if hops else None
    if response and response["file"]:
        response["file"].pop("path", None)
    return exchange


def _with_lines(error: SettingsError, definition: WorkflowDefinition) -> SettingsError:
    return SettingsError(with_lines(error.problems, definition.text or ""))


def _save(path: str, exchange: Exchange) -> None:
    """Write the body of the response to *path*; a body stored in a file is moved there."""
    response = exchange.response
    if response is None:
        note(f"no response: nothing written to {path}")
        return
    stored_path = (response.file or {}).get("path")
    try:
        if not response.truncated:
            Path(path).write_bytes(response.body)
        elif stored_path is not None:
            Path(stored_path).replace(path)
        else:
            raise CommandError(
                f"{path}: not written, the body of {response.size:,} bytes was not kept"
            )
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from error


def _task(
    definition: WorkflowDefinition,
    name: str | None,
    runtime: Runtime,
) -> HttpTask:
    """Return the HTTP task *name* of *definition*; None: its only HTTP task."""
    from httptask.task import HttpTask
    from httptask.workflow import iter_tasks

    pointers: dict[str, str] = {}
    tasks: dict[str, Mapping[str, Any]] = {}
    for pointer, task_name, task in iter_tasks(definition):
        pointers[task_name] = pointer
        tasks[task_name] = task
    if name is None:
        name = _only_http_task(tasks)
    if name not in tasks:
        near = nearest(name, tasks)
        hint = f"did you mean {near[0]!r}?" if near else f"the tasks are: {_listed(tasks)}"
        raise CommandError(f"no task {name!r} in the definition; {hint}")
    task = tasks[name]
    if task.get("type") != "Http":
        raise CommandError(
            f"{name!r} is a task of type {task.get('type')}; a test request needs one of type Http"
        )
    return HttpTask(
        task,
        name=name,
        pointer=pointers[name],
        runtime=runtime,
    )


def _only_http_task(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name of the only HTTP task in *tasks*.

    Raises `CommandError` if there are several.
    """
    names = [name for name, task in tasks.items() if task.get("type") == "Http"]
    if not names:
        raise CommandError("the definition has no task of type Http to test")
    if len(names) > 1:
        raise CommandError(f"name the task with --task; the HTTP tasks are: {_listed(names)}")
    return names[0]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(exact, names))


def _inputs(arguments: argparse.Namespace, definition: WorkflowDefinition) -> Inputs:
    from httptask.model.task import Inputs, run_of_test
    from httptask.workflow import variables_of

    tasks = {} if arguments.tasks is None else json_file(arguments.tasks)
    if not isinstance(tasks, dict):
        raise CommandError(
            f'{arguments.tasks}: expected an object, {{"Task name": {{"output": ...}}}}'
        )
    for name, task in tasks.items():
        if not isinstance(task, dict) or not task.keys() & {"output", "input"}:
            shown = dump({name: {"output": 0}}).replace("0", "…")
            raise CommandError(f"{arguments.tasks}: the task {name!r} has no output; write {shown}")
    environment = environment_of(arguments, definition)
    return Inputs(
        input=test_input(arguments, definition),
        tasks=tasks,
        variables=variables_of(definition, environment, given_variables(arguments)),
        run=run_of_test(definition.name),
        environment=environment,
    )
