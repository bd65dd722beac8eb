"""Workflow definitions as files.

They are replaced atomically, and only if nobody else has changed them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httptask._core.strict_json import JsonError, dump, parse
from httptask.designer._problems import Refused
from httptask.errors import DefinitionError
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import load_definition, nested_ids

MOST_BYTES = 4 * 1024 * 1024
"""Maximum size of a definition in bytes, as everywhere in httptask."""
_MOST_LISTED = 1_000
_ID = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|.][^\x00-\x1f\x7f/\\:*?\"<>|]{0,99}")
"""A file name that every system allows, without a leading dot."""
_REMOVED = Path(".httptask", "removed")
"""The folder for removed definitions, below the folder of definitions."""
_NEW = "workflow"
"""The id of the first definition in an empty folder, unless something of this name exists."""


_OTHERS = {
    "definition-type": False,
    "definition-description": False,
    "definition-collection": False,
    "definition-task": True,
    "definition-tasks": True,
    "definition-settings": True,
}
"""The codes of JSON files that hold no definition, and whether somebody may miss them."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A definition as stored on disk."""

    data: bytes

    @property
    def etag(self) -> str:
        """A strong entity tag of these bytes (RFC 9110, section 8.8.3)."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Listing:
    """The existing definitions."""

    items: tuple[dict[str, Any], ...]
    """`{"id", "name", "tasks", "runs"?}` for every definition, or `{"id", "broken"}`, sorted by id.

    `runs` are the ids of the definitions that it runs.
    """
    notes: tuple[str, ...]
    """A sentence for every skipped file, with the reason."""
    first: str | None
    """The id of the definition to open first, preferably one that can be read.

    None if definitions are not stored at all.
    """


class Workflows:
    """The definitions in *root*: a folder of `<id>.json`, or a single file. None: there are none.

    *saved* is applied to a definition before it is written: it moves the definition's uploads.
    """

    def __init__(
        self,
        root: Path | None,
        saved: Callable[[Any], Any] = lambda definition: definition,
    ) -> None:
        self._root = root
        self._saved = saved
        self._is_folder = root is not None and _is_folder(root)
        self._writing = threading.Lock()

    @property
    def takes_new(self) -> bool:
        """Whether definitions with new names can be written."""
        return self._is_folder

    def listing(self) -> Listing:
        """List every definition. Never raises.

        A file that cannot be a definition is skipped, with a note if somebody may miss it; a broken
        definition is listed as broken.
        """
        if self._root is None:
            return Listing((), (), None)
        if not self._is_folder:
            item = self._item(self._root) if _is_file(self._root) else {}
            item.pop("other", None)
            return Listing((item,) if item else (), (), self._root.stem)
        listed: list[dict[str, Any]] = []
        notes: list[str] = []
        for path in self._files():
            if not _ID.fullmatch(path.stem) and is_text(path.stem):
                notes.append(f"skipped: {ascii(path.name)[:100]} is no name of a definition")
                continue
            try:
                item = self._item(self._path(path.stem))
            except Refused as refusal:
                notes.append(f"skipped: {refusal.detail}")
                continue
            note = item.pop("other", None)
            if note is None:
                listed.append(item)
            elif note:
                notes.append(f"skipped: {path.name}: {note}")
        readable = [item["id"] for item in listed if "broken" not in item]
        first = next(iter([*readable, *(item["id"] for item in listed)]), None) or self._new_id()
        return Listing(tuple(listed), tuple(notes), first)

    def _new_id(self) -> str:
        """Return the id of a definition that can be created. A link may block a name."""
        ids = (f"{_NEW}-{count}" if count > 1 else _NEW for count in range(1, _MOST_LISTED + 2))
        return next((id_ for id_ in ids if self._is_free(id_)), _NEW)

    def _is_free(self, workflow_id: str) -> bool:
        try:
            return not self._path(workflow_id).exists()
        except Refused:
            return False

    def _files(self) -> list[Path]:
        """Return all paths named like a definition that are not hidden, sorted."""
        if self._root is None:
            return []
        try:
            paths = [path for path in self._root.glob("*.json") if not path.name.startswith(".")]
        except OSError:
            return []
        return sorted(paths)[:_MOST_LISTED]

    def _item(self, path: Path) -> dict[str, Any]:
        """Return the listing's item for the definition at *path*.

        It has the member `other` if the file holds something else: a note for the user who may
        miss it, or "".
        """
        item: dict[str, Any] = {"id": path.stem}
        try:
            definition = load_definition(path)
        except DefinitionError as error:
            item["broken"] = "; ".join(problem.message for problem in error.problems)
            code = error.problems[0].code
            if code in _OTHERS:
                item["other"] = item["broken"] if _OTHERS[code] else ""
            return item
        document = definition.document
        if document and not ("startTask" in document or "tasks" in document):
            item["other"] = ""
        name = document.get("name")
        tasks = document.get("tasks")
        runs = sorted(set(nested_ids(definition)))
        return item | {
            "name": name if isinstance(name, str) and name and is_text(name) else path.stem,
            "tasks": len(tasks) if isinstance(tasks, Mapping) else 0,
            **({"runs": runs} if runs else {}),
        }

    def read(self, workflow_id: str) -> Stored:
        """Return the bytes of a definition, which are a JSON object.

        Raises `Refused` if there is none, or if it is broken.
        """
        stored = self._stored(workflow_id)
        if stored is None:
            raise Refused(
                "unknown-workflow",
                f"there is no definition {workflow_id!r}; it may have been moved or removed",
            )
        try:
            load_definition(self._path(workflow_id), stored.data)
        except DefinitionError as error:
            raise _broken(self._path(workflow_id).name, stored, error) from error
        return stored

    def placed(
        self,
        workflow_id: str,
        definition: Mapping[str, Any] | None = None,
    ) -> WorkflowDefinition:
        """Return *definition* with the path of *workflow_id*, whether it is saved or not.

        Files next to it are found by this path. Raises `Refused` for an id that leads elsewhere.
        """
        return WorkflowDefinition(definition or {}, source=str(self._path(workflow_id).absolute()))

    def id_of(self, source: str) -> str:
        """Return the id of the definition in the file *source*, which may be gone by now.

        For a file elsewhere, return its path, which is no id: it has a separator.
        """
        path = Path(source).absolute()
        with contextlib.suppress(Refused):
            if self._path(path.stem).absolute() == path:
                return path.stem
        return str(path)

    def load(self, workflow_id: str) -> WorkflowDefinition | None:
        """Return the stored definition *workflow_id*.

        None if there is none, or if it is a link that leads out of the folder. Raises
        `DefinitionError` if it is broken.
        """
        try:
            path = self._path(workflow_id)
        except Refused:
            return None
        if path.is_file():
            return load_definition(path)
        return None

    def write(
        self,
        workflow_id: str,
        definition: Mapping[str, Any],
        *,
        match: str | None,
        none_match: str | None,
    ) -> tuple[Stored, bool]:
        """Write a definition; return the stored bytes, and whether it is new.

        *match* and *none_match* are the request's `If-Match` and `If-None-Match` (RFC 9110, section
        13.1); one is required. The file is replaced atomically: a reader never sees half of it, and
        after a failure the old file is complete. Raises `Refused`.
        """
        path = self._path(workflow_id)
        if match is None and none_match is None:
            detail = (
                "a definition is written with If-Match (its ETag) or, when it is new, with"
                " If-None-Match: *"
            )
            raise Refused("precondition-required", detail)
        # Refuses a definition that is too large before its uploads are moved.
        file_bytes(definition, "a definition")
        with self._writing:
            old = self._stored(workflow_id)
            _check(old, match, none_match)
            data = file_bytes(self._saved(definition), "a definition")
            replace_file(path, data)
        return Stored(data), old is None

    def remove(self, workflow_id: str, *, match: str | None) -> str:
        """Move a definition's file to the folder of removed ones; return its new path, relative to
        the folder of definitions.

        *match* is the request's `If-Match`, which is required. Raises `Refused`.
        """
        path = self._path(workflow_id)
        if not self._is_folder:
            raise Refused("not-allowed", f"{path.name} is the only definition here")
        if match is None:
            raise Refused("precondition-required", "a definition is removed with If-Match")
        with self._writing:
            _check(self._stored(workflow_id), match, None)
            if path.is_symlink():
                raise Refused("not-allowed", f"{path.name} is a link; remove it on disk")
            removed_path = path.parent / _REMOVED / f"{workflow_id}.{time.time_ns()}.json"
            try:
                removed_path.parent.mkdir(parents=True, exist_ok=True)
                path.rename(removed_path)
            except OSError as error:
                raise Refused(
                    "not-saved", f"{path.name} could not be moved: {error.strerror}"
                ) from error
        return removed_path.relative_to(path.parent).as_posix()

    def _stored(self, workflow_id: str) -> Stored | None:
        path = self._path(workflow_id)
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                "broken-definition", f"{path.name} cannot be read: {error.strerror}"
            ) from error
        return Stored(data)

    def _path(self, workflow_id: str) -> Path:
        """Return the path of a definition. Raises `Refused` for a name that leads elsewhere."""
        root = self._root
        if root is not None and not self._is_folder and workflow_id == root.stem:
            return root
        if root is None or not self._is_folder or not _ID.fullmatch(workflow_id):
            raise Refused("unknown-workflow", f"there is no definition {workflow_id[:100]!r} here")
        path = root / f"{workflow_id}.json"
        if not is_text(path.name):
            raise Refused(
                "unknown-workflow",
                f"the name {ascii(path.name)[:100]} is no text; give the file another one",
            )
        try:
            if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root.resolve()):
                raise Refused(
                    "unknown-workflow",
                    f"{path.name} is a link that leads out of the folder of definitions",
                )
            if path.exists() and not path.is_file():
                raise Refused("unknown-workflow", f"{path.name} is no file")
        # Python 3.12 and older raise RuntimeError for a link to itself.
        except (OSError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "it is a link that leads nowhere"
            raise Refused("unknown-workflow", f"{path.name} cannot be looked at: {why}") from error
        return path


def folder_of(root: Path) -> Path:
    """Return the folder of the definitions in *root*: *root* itself, or the folder of that file."""
    return root if _is_folder(root) else root.parent


def _is_folder(root: Path) -> bool:
    """Say whether *root* is a folder, or will be one: a name without a suffix."""
    return root.is_dir() or not root.suffix


def file_bytes(document: Any, noun: str, more: str = "") -> bytes:
    """Return *document* as the bytes of its file.

    Raises `Refused` if they are more than `MOST_BYTES`: "*noun* has at most … bytes*more*".
    """
    data = (dump(document, indent=2) + "\n").encode("utf-8")
    if len(data) > MOST_BYTES:
        raise Refused(
            "too-large",
            f"{noun} has at most {MOST_BYTES:,} bytes{more}",
            limit=MOST_BYTES,
        )
    return data


def is_text(name: str) -> bool:
    """Say whether *name* can be encoded in UTF-8. File names may contain bytes that cannot."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_file(path: Path) -> bool:
    """Say whether *path* is a file, or a link that may lead to one.

    False for folders, pipes and devices.
    """
    try:
        return path.is_symlink() or path.is_file()
    except OSError:
        return True  # opening it will report the reason


def _broken(name: str, stored: Stored, error: DefinitionError) -> Refused:
    """Return the problem that the definition *name* is broken, and where its syntax is."""
    position: dict[str, int] = {}
    try:
        parse(stored.data)
    except JsonError as syntax_error:
        position = {"line": syntax_error.line, "column": syntax_error.column}
    message = "; ".join(problem.message for problem in error.problems)
    detail = f"{name}: {message}. Mend the file, or save over it knowingly"
    return Refused("broken-definition", detail, headers={"ETag": stored.etag}, **position)


def _check(old: Stored | None, match: str | None, none_match: str | None) -> None:
    """Check the preconditions of a write (RFC 9110, section 13.1). Raises `Refused`."""
    current = old.etag if old is not None else None
    if none_match is not None:
        holds = current is None or (none_match.strip() != "*" and current not in _tags(none_match))
        if not holds:
            raise Refused(
                "changed-meanwhile",
                "there is a definition of this name already",
                etag=current,
            )
    if match is not None:
        holds = current is not None and (match.strip() == "*" or current in _tags(match))
        if not holds:
            why = (
                "somebody else saved it, or it was edited on disk"
                if old is not None
                else "it was removed"
            )
            detail = (
                f"the definition was changed since you opened it: {why}. Load it again, or save"
                " over it knowingly"
            )
            headers = {"ETag": current} if current is not None else None
            raise Refused("changed-meanwhile", detail, etag=current, headers=headers)


def _tags(field: str) -> list[str]:
    return [tag.strip() for tag in field.split(",")]


def replace_file(path: Path, data: bytes) -> None:
    """Write *data* to *path* atomically.

    Raises `Refused` if that fails; then nothing is changed.
    """
    try:
        _replace(path, data)
    except OSError as error:
        raise Refused(
            "not-saved",
            f"{path.name} could not be written: {error.strerror}; nothing was changed",
        ) from error


def _replace(path: Path, data: bytes) -> None:
    """Write *data* to *path* by renaming a temporary file."""
    path = path.resolve()  # a link is kept, and the file to which it leads is replaced
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem[:50]}.",
        suffix=".tmp",
        dir=path.parent,
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
