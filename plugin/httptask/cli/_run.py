"""`run`, `resume`: run workflow definitions to their end."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from httptask._visible import exact, in_line
from httptask.cli._definition import (
    connections_options,
    count,
    definition_argument,
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
from httptask.cli._hints import GIVE_INPUT, expression_hints, text_hints
from httptask.cli._input import input_options, run_input
from httptask.cli._items import ItemsProgress
from httptask.cli._job import news_line
from httptask.cli._journal import (
    interrupted_run,
    journal_named,
    journal_option,
    named_journal,
    option_words,
)
from httptask.cli._output import CommandError, command, note
from httptask.cli._pins import note_sent, offline_option, pins_of, pins_option
from httptask.cli._receiver import callbacks_of, callbacks_options
from httptask.cli._run_text import emit_run, maybe_delivered, task_line
from httptask.cli._temporal import (
    EMBEDDED,
    TEMPORAL,
    refuse_options_of_others,
    run_detached,
    take_task_queue,
    task_queue_option,
)
from httptask.errors import DefinitionError, InputError
from httptask.model.policy import (
    MAX_DEPTH_OPTION,
    MAX_DEPTH_VARIABLE,
    MAX_STEPS_OPTION,
    MAX_STEPS_VARIABLE,
    Limits,
)

if TYPE_CHECKING:
    from httptask.cli._output import Commands
    from httptask.engines import Journal
    from httptask.engines.journal import GateListener
    from httptask.model.workflow import TaskRun, WorkflowRun
    from httptask.sending import RoundNews
    from httptask.task import Runtime


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_run(commands)
    _add_resume(commands)


def _shared_options(parser: argparse.ArgumentParser) -> None:
    """Add to *parser* the options that `run` and `resume` share. They are not stored with a run."""
    run_options(parser)
    connections_options(parser)
    callbacks_options(parser)
    parser.add_argument(
        MAX_STEPS_OPTION,
        type=count,
        metavar="NUMBER",
        help=(
            f"the largest number of tasks that one run executes (default: {Limits().steps:,};"
            f" environment: {MAX_STEPS_VARIABLE})"
        ),
    )
    parser.add_argument(
        MAX_DEPTH_OPTION,
        type=count,
        metavar="NUMBER",
        help=(
            f"the largest nesting depth of runs (default: {Limits().depth}; environment:"
            f" {MAX_DEPTH_VARIABLE})"
        ),
    )


# run


def _add_run(commands: Commands) -> None:
    run = command(
        commands, "run", "run a workflow definition", "httptask run flow.json --input input.json"
    )
    definition_argument(run)
    input_options(run)
    environment_option(run, "run it in this environment of the definition")
    variable_option(run)
    run.add_argument(
        "--engine",
        default="embedded",
        metavar="NAME",
        help="the engine that runs the definition (default: embedded)",
    )
    run.add_argument(
        "--detach",
        action="store_true",
        help="print the id of the run, and do not wait for its end (--engine temporal)",
    )
    task_queue_option(run)
    pins_option(run, "answer requests with these pins, and send all others")
    offline_option(run)
    journal_option(run, "store the run in this file, so that resume can continue it after a crash")
    _shared_options(run)
    run.set_defaults(run=run_run)


def run_run(arguments: argparse.Namespace) -> int:
    """Run a definition to its end; exit status 1 if it did not complete."""
    from httptask.engines import arun_workflow
    from httptask.workflow import definitions_of

    take_task_queue(arguments)
    refuse_options_of_others(arguments)
    if arguments.detach:
        return _detach(arguments)
    definition = load(arguments.definition)
    environment = environment_of(arguments, definition)
    variables = given_variables(arguments)
    pins = pins_of(arguments, definition)
    if pins is not None:
        note_sent(definition, pins)
    input_ = run_input(arguments, definition)
    with _new_journalled_run(arguments) as (journal, workflow_id):

        async def start(runtime: Runtime, listener: _RunListener) -> WorkflowRun:
            async with callbacks_of(arguments) as callbacks:
                return await arun_workflow(
                    definition,
                    input_,
                    engine=arguments.engine,
                    variables=variables,
                    environment=environment,
                    runtime=runtime,
                    begun=lambda id_: _tell_id(arguments, id_),
                    waits=_tell_gate(arguments),
                    definitions=definitions_of(definition),
                    finished=listener.finished,
                    cancelled=listener.ended,
                    advanced=listener.advanced,
                    journal=journal,
                    workflow_id=workflow_id,
                    callbacks=callbacks,
                    pins=pins,
                )

        try:
            result = _run_to_end(arguments, workflow_id, start)
        except InputError as error:
            error.add_note(GIVE_INPUT)
            raise
    if not arguments.json:
        _note_hints(arguments, input_, result)
    return 0 if result.status == "Completed" else 1


def _note_hints(arguments: argparse.Namespace, input_: Any, result: WorkflowRun) -> None:
    """Print which options may help, by the error of the last task."""
    last_error = result.tasks[-1].error if result.tasks else None
    hints = expression_hints(arguments, input_, last_error)
    hints += text_hints(arguments, last_error)
    for hint in hints:
        note(hint)


def _detach(arguments: argparse.Namespace) -> int:
    """Start the run on a server, and leave it to the workers."""
    if arguments.callbacks is not None:
        raise CommandError(
            "--detach runs on a server, whose workers receive the callbacks: give --callbacks"
            " to httptask worker"
        )
    return run_detached(arguments)


@contextlib.contextmanager
def _new_journalled_run(
    arguments: argparse.Namespace,
) -> Iterator[tuple[Journal | None, str | None]]:
    """Yield the journal for the run, and the new run's id; (None, None) without a journal."""
    if journal_named(arguments) is None:
        yield None, None
        return
    import uuid

    with named_journal(arguments, waits=_tell_gate(arguments)) as journal:
        # Chosen here, because a run that is stopped must be named in the command that resumes it.
        yield journal, str(uuid.uuid4())


# resume


def _add_resume(commands: Commands) -> None:
    resume = command(
        commands,
        "resume",
        "continue an interrupted run; finished tasks are not run again",
        "httptask resume 3f2a --journal runs.sqlite3",
    )
    resume.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help="the id of the run, or its beginning; optional if only one run was interrupted",
    )
    journal_option(resume)
    resume.add_argument(
        "--anyway",
        action="store_true",
        help="go on although this command lacks options that the run had, such as --allow-network,"
        " or secrets of its definition or input, which are not stored",
    )
    _shared_options(resume)
    resume.set_defaults(run=run_resume)


def run_resume(arguments: argparse.Namespace) -> int:
    """Resume a run; exit status 1 if it did not complete."""
    from httptask.engines import aresume_run

    with named_journal(arguments, is_new=False, waits=_tell_gate(arguments)) as journal:
        workflow_id = interrupted_run(journal, arguments.id)

        async def start(runtime: Runtime, listener: _RunListener) -> WorkflowRun:
            async with callbacks_of(arguments) as callbacks:
                return await aresume_run(
                    journal,
                    workflow_id,
                    runtime=runtime,
                    begun=lambda id_: _tell_id(arguments, id_),
                    finished=listener.finished,
                    cancelled=listener.ended,
                    advanced=listener.advanced,
                    callbacks=callbacks,
                    anyway=arguments.anyway,
                )

        try:
            result = _run_to_end(arguments, workflow_id, start)
        except DefinitionError as error:
            raise CommandError(
                f"the run {workflow_id} cannot continue: {error}\nfix what has changed since it"
                " began, a catalogue without the endpoint for example, and resume it again"
            ) from error
    return 0 if result.status == "Completed" else 1


def _tell_id(arguments: argparse.Namespace, workflow_id: str) -> None:
    """Print the id of a run that goes on, or can be resumed, without this process."""
    journal = journal_named(arguments)
    if journal is not None:
        note(f"run {workflow_id}, kept in {journal}")
    elif _engine(arguments) == TEMPORAL:
        note(f"run {workflow_id}, kept by the Temporal server")


def _engine(arguments: argparse.Namespace) -> str:
    """Return the engine in *arguments*; `resume` has no such option."""
    return getattr(arguments, "engine", EMBEDDED)


def _resume_command(arguments: argparse.Namespace, workflow_id: str) -> str:
    """Return the command that resumes the run, with the options given to this command."""
    words = ["httptask", "resume", workflow_id, *option_words(arguments)]
    for name in _KEPT_OPTIONS:
        value = getattr(arguments, name, None)
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None:
            for repeated in value if isinstance(value, list) else [value]:
                words += [option, str(repeated)]
    return shlex.join(words)


_KEPT_OPTIONS = (
    *("catalogue", "allow_network", "no_proxy", "ca_file", "insecure_host", "allow_host_header"),
    *("files", "bucket", "connections", "connections_per_origin", "origin_limits"),
    *("max_steps", "max_depth", "callbacks", "callback_url"),
)
"""Options to repeat when a run is resumed. A proxy is left out: its URL may contain a password."""


def _tell_gate(arguments: argparse.Namespace) -> GateListener:
    """Return a listener that prints a waiting task and the command that completes it."""

    def tell(workflow_id: str, task: str, item: int | None = None, /) -> None:
        words = ["httptask", "complete", workflow_id, task]
        words += [] if item is None else ["--item", str(item)]
        words += option_words(arguments)
        complete = in_line(shlex.join(words))
        which = exact(task) if item is None else f"{exact(task)}, item {item}"
        note(f"{'Waiting':<10} {which}: somebody completes it with {complete}")

    return tell


# Both


class _RunListener:
    """Prints a run while it runs, and collects its result."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.runs: list[tuple[WorkflowRun, Any]] = []
        """The run at its end, and its JSON without secrets."""
        self.advanced = ItemsProgress()

    def finished(self, task: TaskRun) -> None:
        """Print a task that has ended."""
        note(task_line(self._runtime.redactor.value(task.to_json())))

    def ended(self, run: WorkflowRun) -> None:
        """Record the run's result, which may be partial."""
        self.runs.append((run, self._runtime.redactor.value(run.to_json())))


def _run_to_end(
    arguments: argparse.Namespace,
    workflow_id: str | None,
    start: Callable[[Runtime, _RunListener], Awaitable[WorkflowRun]],
) -> WorkflowRun:
    """Run the coroutine from *start*, print the run, and return it.

    *workflow_id* is the run's id in a journal, or None. If the run is stopped, its partial result
    is printed.
    """
    from httptask.cli._stopping import Stopped, run_stoppable
    from httptask.sending import told

    ends: list[tuple[WorkflowRun, Any]] = []

    def tell(news: RoundNews) -> None:
        if (line := news_line(news)) is not None:
            note(line)

    async def run() -> None:
        told.set(tell)
        async with runtime_of(arguments) as runtime:
            listener = _RunListener(runtime)
            try:
                listener.ended(await start(runtime, listener))
            finally:
                ends.extend(listener.runs)

    try:
        run_stoppable(run)
    except Stopped as stopped:
        if not ends:
            raise
        result, value = ends[0]
        emit_run(arguments, result, value)
        details = [maybe_delivered(result)]
        if workflow_id is not None:
            details.append(f"go on with: {_resume_command(arguments, workflow_id)}")
        raise Stopped(stopped.number, "; ".join(filter(None, details))) from None
    result, value = ends[0]
    emit_run(arguments, result, value)
    return result
