"""`worker`, `cancel`: runs on a Temporal server."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal as signals
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.cli._definition import connections_options, load, run_options, runtime_of
from httptask.cli._environment import environment_of, given_variables
from httptask.cli._input import run_input
from httptask.cli._items import items_text, waiting_lines
from httptask.cli._output import CommandError, command, emit, note
from httptask.cli._pins import note_sent, pins_of
from httptask.cli._receiver import callback_server_of, callbacks_options, host_and_port
from httptask.cli._stopping import SIGNALS, run_stoppable

if TYPE_CHECKING:
    import asyncio
    from types import ModuleType

    from httptask.cli._output import Commands
    from httptask.model.workflow import Signal

TASK_QUEUE_VARIABLE = "HTTPTASK_TASK_QUEUE"
"""The environment variable with the name of the task queue."""

TEMPORAL, EMBEDDED = "temporal", "embedded"
"""The names of the engines."""

_WORKER_OPTIONS = (
    *("allow_network", "proxy", "no_proxy", "ca_file", "insecure_host"),
    *("connections", "connections_per_origin", "origin_limits"),
)
"""Options of requests. `run` takes the others, such as `--files`, for its own work, too."""

_JOURNAL_ADVICE = "is a file of runs on this machine: leave out either it or --engine temporal"
_GRACE_SECONDS = 10


def add(commands: Commands) -> None:
    """Add the commands."""
    worker = command(
        commands,
        "worker",
        "run definitions and their tasks for a Temporal server, until it is stopped",
        "httptask worker --engine temporal",
    )
    engine_option(worker)
    task_queue_option(worker)
    worker.add_argument(
        "--grace",
        type=_seconds,
        default=_GRACE_SECONDS,
        metavar="SECONDS",
        help=(
            "the seconds for which running tasks go on when the worker is stopped, before others"
            f" take them over (default: {_GRACE_SECONDS})"
        ),
    )
    worker.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help=(
            "serve the metrics of Temporal's SDK for Prometheus here, at /metrics (default: nothing"
            " is served)"
        ),
    )
    run_options(worker)
    connections_options(worker)
    callbacks_options(worker)
    worker.set_defaults(run=run_worker)

    cancel = command(
        commands,
        "cancel",
        "stop a run on a Temporal server",
        "httptask cancel 3f2a",
        catalogue=False,
    )
    cancel.add_argument("id", metavar="ID", help="the id of the run, or its beginning")
    engine_option(cancel)
    cancel.set_defaults(run=run_cancel)


def _seconds(text: str) -> float:
    """Parse *text* as a number of seconds, for `type=` of an argument."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # Not a number (`nan`) is refused, too: it is not in any range.
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text[:40]!r}")
    return seconds


def engine_option(
    parser: argparse.ArgumentParser,
    names: Sequence[str] = (TEMPORAL,),
    default: str = TEMPORAL,
) -> None:
    """Add `--engine` to *parser*; *names* are the engines that the command supports."""
    parser.add_argument(
        "--engine",
        choices=tuple(names),
        default=default,
        help=f"the engine that has the run (default: {default})",
    )


def task_queue_option(parser: argparse.ArgumentParser) -> None:
    """Add `--task-queue` to *parser*."""
    parser.add_argument(
        "--task-queue",
        metavar="NAME",
        help=(
            "Temporal: the task queue of runs and workers (environment:"
            f" {TASK_QUEUE_VARIABLE}; default: httptask)"
        ),
    )


def take_task_queue(arguments: argparse.Namespace) -> None:
    """Pass the task queue in *arguments* on to the engine, through the environment.

    Raises `CommandError` for an engine of this process, which has none.
    """
    if arguments.engine == EMBEDDED:
        refuse_options(arguments, ["task_queue"], "is for --engine temporal: add it")
    if arguments.task_queue:
        os.environ[TASK_QUEUE_VARIABLE] = arguments.task_queue


def refuse_options_of_others(arguments: argparse.Namespace) -> None:
    """Refuse the *arguments* of a run on a server that only its workers or a journal would use.

    Raises `CommandError`.
    """
    if arguments.engine == TEMPORAL:
        refuse_options(arguments, ["journal"], _JOURNAL_ADVICE)
        advice = "does not reach the worker, which sends the requests: give it to httptask worker"
        refuse_options(arguments, _WORKER_OPTIONS, advice)


def refuse_options(
    arguments: argparse.Namespace,
    names: Sequence[str],
    advice: str,
) -> None:
    """Raise `CommandError` with *advice* for the first option of *names* that was given."""
    for name in names:
        if getattr(arguments, name) is not None:
            raise CommandError(f"--{name.replace('_', '-')} {advice}")


def _module(name: str) -> ModuleType:
    from httptask.engines import temporal_module

    return temporal_module(name)


def see_server() -> None:
    """Raise an `HttpTaskError` unless a Temporal server answers and has the namespace."""
    run_stoppable(_module("runs").see_server)


def run_worker(arguments: argparse.Namespace) -> int:
    """Work until Ctrl+C or SIGTERM."""
    import asyncio

    worker = _module("worker")
    take_task_queue(arguments)
    callbacks = callback_server_of(arguments)
    if arguments.metrics is not None:
        host, port = host_and_port("--metrics", arguments.metrics)
        if port == 0:
            raise CommandError("--metrics: name a port, because nobody is told a chosen one")
        worker.serve_metrics(host, port)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            # A signal that the parent ignores, as `nohup` does, stays ignored.
            if signals.getsignal(number) is not signals.SIG_IGN:
                # On Windows the handler that raises stays.
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, _stop, stop)
        async with runtime_of(arguments) as runtime:
            await worker.run_worker(
                runtime,
                stop,
                grace_seconds=arguments.grace,
                started=lambda where: _say(arguments, where),
                callbacks=callbacks,
            )

    asyncio.run(main())
    if not arguments.json:
        note("stopped")
    return 0


def _stop(stop: asyncio.Event) -> None:
    """End the worker gracefully; at the second signal, at once."""
    if stop.is_set():
        raise KeyboardInterrupt
    stop.set()


def _say(arguments: argparse.Namespace, where: str) -> None:
    if not arguments.json:
        note(f"this worker {where}; Ctrl+C or SIGTERM ends it")
        if arguments.metrics is not None:
            note(f"metrics: http://{arguments.metrics}/metrics")


def run_cancel(arguments: argparse.Namespace) -> int:
    """Ask a run to end."""
    client = _module("client")

    async def main() -> None:
        connection = await client.connect()
        arguments.id = await client.run_id(connection, arguments.id)
        await client.cancel_run(connection, arguments.id)

    run_stoppable(main)
    emit(arguments, {"workflowId": arguments.id, "cancelled": True}, f"cancelled: {arguments.id}")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Print the state of a run."""
    refuse_options(arguments, ["journal"], _JOURNAL_ADVICE)
    client = _module("client")

    async def main() -> dict[str, Any]:
        connection = await client.connect()
        workflow_id = await client.run_id(connection, arguments.id)
        status: dict[str, Any] = await client.run_status(connection, workflow_id)
        return status

    value = run_stoppable(main)
    emit(arguments, value, _status_text(value))
    return 0


def _status_text(value: Mapping[str, Any]) -> str:
    title = value["definition"] or "the workflow"
    lines = [
        f"{value['status']}: {title}, run {value['workflowId']}",
        f"began {value['startedAt']}",
    ]
    if "finished" in value:
        lines.append(f"{value['finished']} results so far")
    for task in value.get("underWay", ()):
        items = f", {items_text(task['items'])}" if "items" in task else ""
        lines.append(f"under way: {task['name']} ({task['type']}){items}")
        lines += [f"           {line}" for line in waiting_lines(task.get("items"))]
    for task in value.get("waiting", ()):
        until = f"until {task['until']}" if task["until"] else ""
        somebody = "for somebody outside" if task["awaitsSignal"] else ""
        waits = ", or ".join(filter(None, [somebody, until]))
        lines.append(f"waiting: {task['name']} ({task['type']}), {waits}")
    lines += [f"{name}: {value[name]}" for name in ("note", "error") if value.get(name)]
    if value.get("output") is not None:
        lines += ["output:", dump(value["output"], indent=2)]
    return "\n".join(lines)


def complete(arguments: argparse.Namespace, signal: Signal) -> None:
    """Send *signal* to a waiting task."""
    refuse_options(arguments, ["journal"], _JOURNAL_ADVICE)
    client = _module("client")

    async def main() -> None:
        connection = await client.connect()
        arguments.id = await client.run_id(connection, arguments.id)
        await client.complete_task(connection, arguments.id, arguments.task, signal, arguments.item)

    run_stoppable(main)


def run_detached(arguments: argparse.Namespace) -> int:
    """Start a run and print its id."""
    if arguments.engine != "temporal":
        raise CommandError(
            f"--detach needs an engine whose runs outlive this command: --engine temporal, not"
            f" {arguments.engine}"
        )
    client = _module("client")
    from httptask.protocols import RunOptions
    from httptask.workflow import definitions_of

    definition = load(arguments.definition)
    environment = environment_of(arguments, definition)
    pins = pins_of(arguments, definition)
    if pins is not None:
        note_sent(definition, pins)
    options = RunOptions(
        run_input(arguments, definition),
        given_variables(arguments),
        definitions_of(definition),
        environment=environment,
        pins=pins,
    )

    async def main() -> Any:
        async with runtime_of(arguments) as runtime:
            connection = await client.connect(runtime)
            return await client.start_run(connection, definition, options, runtime)

    handle = run_stoppable(main)
    emit(arguments, {"workflowId": handle.id}, handle.id)
    return 0
