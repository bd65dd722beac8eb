"""Workflow definitions as files: read as they are, written whole, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httptask._json import JsonError, dump, parse
from httptask.designer._problems import Refused
from httptask.errors import DefinitionError
from httptask.workflow import load_definition

MOST_BYTES = 4 * 1024 * 1024
"""Bytes of a definition, as everywhere."""
_MOST_LISTED = 1_000
_ID = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|.][^\x00-\x1f\x7f/\\:*?\"<>|]{0,99}")
"""What may be a file's name everywhere; no leading dot."""
_NEW = "workflow"
"""What the first definition of an empty folder is called, until somebody calls it something else."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A definition as it lies on disk."""

    data: bytes

    @property
    def etag(self) -> str:
        """A strong entity tag of these bytes (RFC 9110, section 8.8.3)."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'


class Workflows:
    """The definitions of a folder, `<id>.json` each, or the one in a file. *place* None: there are none."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._is_folder = place is not None and (place.is_dir() or not place.suffix)
        self._writing = threading.Lock()

    @property
    def first(self) -> str | None:
        """The id of the definition to open first: the file's, the folder's first, or a new one; None when there is no place."""
        if self._place is None:
            return None
        if not self._is_folder:
            return self._place.stem
        return next(iter(self.ids()), _NEW)

    @property
    def takes_new(self) -> bool:
        """Whether definitions of new names can be written."""
        return self._is_folder

    def ids(self) -> list[str]:
        """Return the ids of all definitions, sorted."""
        if self._place is None:
            return []
        if not self._is_folder:
            return [self._place.stem] if self._place.exists() else []
        try:
            found = [path.stem for path in self._place.glob("*.json") if path.is_file() and _ID.fullmatch(path.stem)]
        except OSError:
            return []
        return sorted(found)[:_MOST_LISTED]

    def listed(self) -> Iterator[dict[str, Any]]:
        """Give `{"id", "name", "tasks"}` of each definition, or `{"id", "broken"}`."""
        for workflow_id in self.ids():
            try:
                document = load_definition(self._path(workflow_id)).document
            except DefinitionError as error:
                yield {"id": workflow_id, "broken": "; ".join(problem.message for problem in error.problems)}
                continue
            name, tasks = document.get("name"), document.get("tasks")
            yield {
                "id": workflow_id,
                "name": name if isinstance(name, str) and name else workflow_id,
                "tasks": len(tasks) if isinstance(tasks, Mapping) else 0,
            }

    def read(self, workflow_id: str) -> Stored:
        """Return a definition's bytes, which are a JSON object. Raises `Refused` when there is none, or it is broken."""
        stored = self._stored(workflow_id)
        if stored is None:
            raise Refused(
                "unknown-workflow", f"there is no definition {workflow_id!r}; it may have been moved or removed"
            )
        try:
            load_definition(self._path(workflow_id), stored.data)
        except DefinitionError as error:
            raise _broken(self._path(workflow_id).name, stored, error) from error
        return stored

    def write(
        self, workflow_id: str, definition: Mapping[str, Any], *, match: str | None, none_match: str | None
    ) -> tuple[Stored, bool]:
        """Write a definition and return it with whether it is new.

        *match* and *none_match* are the request's `If-Match` and `If-None-Match` (RFC 9110, section 13.1); one is needed.
        The file is replaced in one step: nobody ever reads half of it, and after a failure the old one is whole. Raises
        `Refused`.
        """
        path = self._path(workflow_id)
        if match is None and none_match is None:
            detail = "a definition is written with If-Match (its ETag) or, when it is new, with If-None-Match: *"
            raise Refused("precondition-required", detail)
        data = (dump(definition, indent=2) + "\n").encode("utf-8")
        if len(data) > MOST_BYTES:
            raise Refused("too-large", f"a definition has at most {MOST_BYTES:,} bytes", limit=MOST_BYTES)
        with self._writing:
            old = self._stored(workflow_id)
            _check(old, match, none_match)
            try:
                _replace(path, data)
            except OSError as error:
                raise Refused(
                    "not-saved", f"{path.name} could not be written: {error.strerror}; nothing was changed"
                ) from error
        return Stored(data), old is None

    def _stored(self, workflow_id: str) -> Stored | None:
        path = self._path(workflow_id)
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused("broken-definition", f"{path.name} cannot be read: {error.strerror}") from error
        return Stored(data)

    def _path(self, workflow_id: str) -> Path:
        place = self._place
        if place is not None and not self._is_folder and workflow_id == place.stem:
            return place
        if place is None or not self._is_folder or not _ID.fullmatch(workflow_id):
            raise Refused("unknown-workflow", f"there is no definition {workflow_id[:100]!r} here")
        path = place / f"{workflow_id}.json"
        if path.is_symlink() and not path.resolve().is_relative_to(place.resolve()):
            raise Refused("unknown-workflow", f"{path.name} leads out of the folder of definitions")
        if path.exists() and not path.is_file():
            raise Refused("unknown-workflow", f"{path.name} is no file")
        return path


def _broken(name: str, stored: Stored, error: DefinitionError) -> Refused:
    place: dict[str, int] = {}
    try:
        parse(stored.data)
    except JsonError as wrong:
        place = {"line": wrong.line, "column": wrong.column}
    message = "; ".join(problem.message for problem in error.problems)
    detail = f"{name}: {message}. Mend the file, or save over it knowingly"
    return Refused("broken-definition", detail, headers={"ETag": stored.etag}, **place)


def _check(old: Stored | None, match: str | None, none_match: str | None) -> None:
    current = old.etag if old is not None else None
    if none_match is not None:
        held = current is None or (none_match.strip() != "*" and current not in _tags(none_match))
        if not held:
            raise Refused("changed-meanwhile", "there is a definition of this name already", etag=current)
    if match is not None:
        held = current is not None and (match.strip() == "*" or current in _tags(match))
        if not held:
            why = "somebody else saved it, or it was edited on disk" if old is not None else "it was removed"
            detail = f"the definition was changed since you opened it: {why}. Load it again, or save over it knowingly"
            headers = {"ETag": current} if current is not None else None
            raise Refused("changed-meanwhile", detail, etag=current, headers=headers)


def _tags(field: str) -> list[str]:
    return [tag.strip() for tag in field.split(",")]


def _replace(path: Path, data: bytes) -> None:
    path = path.resolve()  # through a link to the file itself
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:50]}.", suffix=".tmp", dir=path.parent)
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
