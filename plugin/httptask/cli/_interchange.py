"""`import-request`: turn a curl command, a Postman collection or a HAR file into tasks."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._core.strict_json import dump
from httptask.cli._output import CommandError, command, emit_json, note, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from httptask.catalogue import Catalogue
    from httptask.cli._output import Commands
    from httptask.interchange import Imported, ImportedTask

_MOST_LISTED = 40
"""Lines of the report for a person; `--json` has all."""
_MOST_BYTES = 256 * 1024 * 1024
"""More bytes than any document that is read; no more of a file is read."""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "import-request",
        "turn a curl command, a Postman collection or a HAR file into tasks",
        "httptask import-request command.txt --into flow.json --task 'Get order'",
    )
    parser.add_argument(
        "file",
        nargs="?",
        default="-",
        metavar="FILE",
        help="the file; without it, or with -, paste the text into standard input",
    )
    parser.add_argument(
        "--from",
        dest="form",
        choices=("curl", "postman", "har"),
        help="the format of the text (default: recognised by the text)",
    )
    parser.add_argument(
        "--endpoint",
        metavar="ID",
        help="the endpoint of the request, whatever its server",
    )
    parser.add_argument(
        "--request",
        metavar="NAME",
        help="import only this request of a collection or HAR file",
    )
    parser.add_argument(
        "--into",
        metavar="DEFINITION",
        help="add the tasks to this definition file, which is created if missing",
    )
    parser.add_argument("--task", metavar="NAME", help="with --into: the name of the task")
    parser.add_argument(
        "--keep-credentials",
        action="store_true",
        help="store the secrets in the credentials file, under the names that the tasks have",
    )
    parser.set_defaults(run=run_import_request)


def run_import_request(arguments: argparse.Namespace) -> int:
    """Print the tasks, or add them to a definition; exit status 1 if a part of one was lost."""
    text = _text(arguments.file)
    imported = _imported(arguments, text)
    tasks = _chosen(imported, arguments.request)
    if arguments.task is not None and arguments.into is None:
        raise CommandError("--task names a task in a definition: say which with --into")
    if arguments.task is not None and len(tasks) > 1:
        raise CommandError(
            f"--task names one task, and there are {len(tasks)}; choose with --request"
        )
    stored = _keep(imported, tasks) if arguments.keep_credentials else []
    if arguments.into is not None:
        _add(Path(arguments.into), tasks, arguments.task)
    if arguments.json:
        emit_json(_chosen_json(imported, tasks))
    elif arguments.into is None:
        # A single task is to be pasted into a definition; several need an order.
        emit_json(dict(tasks[0].task) if len(tasks) == 1 else _definition(tasks))
    if not arguments.json:
        _report(imported, tasks, stored, arguments.into)
    losses = list(imported.losses)
    for task in tasks:
        losses += task.losses
    return 1 if any(loss.severity == "error" for loss in losses) else 0


def _text(source: str) -> str:
    """Return the text in the file *source*: UTF-8, or UTF-16 with a byte order mark."""
    is_stream = source == "-"
    try:
        # Standard input is not ours to close.
        with nullcontext(sys.stdin.buffer) if is_stream else Path(source).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{source}: cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise CommandError(
            f"{source}: it has more than {_MOST_BYTES:,} bytes; save a HAR without contents, and a"
            " collection in parts"
        )
    has_utf_16_mark = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if has_utf_16_mark else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: the text is not UTF-8") from error


def _imported(arguments: argparse.Namespace, text: str) -> Imported:
    from httptask.catalogue import Catalogue
    from httptask.interchange import read_requests

    with Catalogue.open(arguments.catalogue) as catalogue:
        return read_requests(
            text,
            arguments.form,
            catalogue=catalogue,
            endpoint=_endpoint(catalogue, arguments.endpoint),
        )


def _endpoint(catalogue: Catalogue, endpoint_id: str | None) -> Any:
    if endpoint_id is None:
        return None
    return catalogue.get(endpoint_id)


def _chosen(imported: Imported, name: str | None) -> Sequence[ImportedTask]:
    """Return the task of the request *name*; all tasks without a name."""
    if name is None:
        return imported.tasks
    tasks = [task for task in imported.tasks if task.name == name]
    if not tasks:
        names = [task.name for task in imported.tasks]
        guesses = nearest(name, names)
        hint = f"did you mean {guesses[0]!r}?" if guesses else f"there are: {', '.join(names[:20])}"
        raise CommandError(f"there is no request {name!r}; {hint}")
    return tasks


def _chosen_json(imported: Imported, tasks: Sequence[ImportedTask]) -> dict[str, Any]:
    value = imported.to_json()
    names = {task.name for task in tasks}
    value["tasks"] = [task for task in value["tasks"] if task["name"] in names]
    return value


# Definitions


def _definition(tasks: Sequence[ImportedTask]) -> dict[str, Any]:
    """Return a definition that runs *tasks* one after the other."""
    chained: dict[str, Any] = {}
    for task, following in zip(tasks, [*tasks[1:], None], strict=True):
        document = dict(task.task)
        if following is not None:
            del document["end"]
            document["nextTask"] = following.name
        chained[task.name] = document
    return {"startTask": tasks[0].name, "tasks": chained}


def _add(path: Path, tasks: Sequence[ImportedTask], name: str | None) -> None:
    """Add *tasks* to the definition at *path*, creating or atomically replacing the file."""
    from httptask.workflow import load_definition

    added = {name or task.name: dict(task.task) for task in tasks}
    if path.exists():
        document = dict(load_definition(path).document)
        existing = document.get("tasks")
        if not isinstance(existing, dict):
            raise CommandError(f"{path}: it has no object 'tasks' to add to")
        for task_name in added:
            if task_name in existing:
                raise CommandError(
                    f"{path}: there is a task {task_name!r} already; name another with --task"
                )
        document["tasks"] = {**existing, **added}
        document.setdefault("startTask", next(iter(document["tasks"])))
    elif name is not None:
        document = {"startTask": name, "tasks": added}
    else:
        document = _definition(tasks)
    try:
        _replace(path, dump(document, indent=2) + "\n")
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    """Replace the file *path* atomically: write a new file beside it, then rename that."""
    import tempfile

    path = Path(os.path.realpath(path))  # a symbolic link stays a link
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".httptask-", delete=False
    ) as file:
        new = Path(file.name)
        try:
            file.write(text)
            file.flush()
            # Before the rename: a crash must not leave an empty file under the old name.
            os.fsync(file.fileno())
            new.chmod(mode)
        except BaseException:
            new.unlink()
            raise
    new.replace(path)


# Credentials


def _keep(imported: Imported, tasks: Sequence[ImportedTask]) -> list[str]:
    """Store the credentials of *tasks* in the credentials file; return their names.

    Raises `CommandError` if a credential of one of these names exists: it is never changed.
    """
    import asyncio

    from httptask.credentials import credential_document, listed_credentials, writable_shelf
    from httptask.task import Runtime, store_credential

    names = list(dict.fromkeys(name for task in tasks for name in task.credentials))
    existing = {item.to_json()["name"] for item in listed_credentials()[0]}
    taken = [name for name in names if name in existing]
    if taken:
        raise CommandError(
            f"there is a credential {taken[0]!r} already, which is left as it is; remove it first,"
            " or leave --keep-credentials out"
        )

    async def store() -> None:
        shelf = writable_shelf("file")
        async with Runtime() as runtime:
            for name in names:
                document = credential_document(imported.credentials[name])
                await store_credential(runtime, shelf, name, document)

    try:
        asyncio.run(store())
    except ValueError as error:
        raise CommandError(str(error)) from error
    return names


# The report


def _report(
    imported: Imported,
    tasks: Sequence[ImportedTask],
    stored: list[str],
    into: str | None,
) -> None:
    """Print on stderr what each task is for, and everything that was lost or is wrong."""
    lines = [f"{loss.severity}: {loss}" for loss in imported.losses]
    for task in tasks:
        prefix = f"{task.name}: " if len(tasks) > 1 else ""
        meant = f"endpoint {task.endpoint.id}" if task.endpoint is not None else "its own request"
        lines.append(f"{prefix}{meant}")
        lines += [f"{loss.severity}: {prefix}{loss.message}" for loss in task.losses]
        lines += [f"{problem.severity}: {prefix}{problem}" for problem in task.problems]
    if len(lines) > _MOST_LISTED:
        more = len(lines) - _MOST_LISTED
        lines[_MOST_LISTED:] = [f"and {plural(more, 'line')} more; --json has all"]
    lines += _credential_lines(imported, tasks, stored)
    if into is not None:
        lines.append(
            f"{into}: {plural(len(tasks), 'task')} added; a run reaches a task by the startTask, or"
            " by the nextTask of another"
        )
    note("\n".join(lines))


def _credential_lines(
    imported: Imported,
    tasks: Sequence[ImportedTask],
    stored: list[str],
) -> Iterator[str]:
    """Yield a line for each credential: that it is stored, or the command that stores it."""
    for name in dict.fromkeys(name for task in tasks for name in task.credentials):
        credential = imported.credentials[name]
        if name in stored:
            yield f"the credential {name} is kept in the credentials file"
            continue
        options = [f"--type {credential.scheme}"]
        options += [
            f"--field {field}={value}"
            for field, value in credential.fields.items()
            if isinstance(value, str)
        ]
        options += [f"--origin {origin}" for origin in credential.origins]
        yield f"to give the credential: httptask credentials set {name} {' '.join(options)}"
