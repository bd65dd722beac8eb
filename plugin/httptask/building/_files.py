"""Files in a body: what refers to them, where they may lie, and how they are read while they are sent.

A value `{"$file": {...}}` is a reference. An author's reference reaches files below the folder that the operator names, and
no others: neither by `..`, nor by a link, nor by an absolute path. It may be what a task gave back for a response that it
kept as a file.
"""

from __future__ import annotations

import contextlib
import mimetypes
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from httptask._json import pointer as pointer_of
from httptask._nearest import nearest
from httptask._syntax import FRAMING, TOKEN, UNSENDABLE
from httptask._threads import in_thread
from httptask.building._escaping import UnwritableError
from httptask.errors import Problem, SettingsError
from httptask.model.exchange import FilePiece, OutgoingRequest, StreamedBody

REFERENCE = "$file"
"""The only member of a value that stands for a file."""

VARIABLE = "HTTPTASK_FILES"
"""The environment variable in which an operator names the folder."""

ANY_BYTES = "application/octet-stream"

_SAID = ("path", "upload", "contentType", "filename", "headers")
_SEEN = ("name", "mediaType", "size", "sha256", "problem")
"""What the reference of a result or an upload says beside."""

_READ = 1024 * 1024
"""Bytes read at once, in a thread: a disk may be slow."""
_WRITTEN = 64 * 1024
"""Bytes given to the network at once: `readTimeoutSeconds` is the longest silence, and each write is a sign of life."""


# References


@dataclass(frozen=True, slots=True)
class FileReference:
    """What a value `{"$file": {...}}` says."""

    said: Mapping[str, Any]
    name: str
    """What a person calls the file."""
    filename: str
    """The name that a multipart body gives it; never with a folder."""
    content_type: str
    """As said, or as seen when it came; "" when nothing says."""
    headers: Mapping[str, str]
    """Headers of its part of a multipart body."""

    @property
    def guessed_type(self) -> str:
        """The media type that the file's name suggests; "" when it suggests none."""
        return mimetypes.guess_type(self.filename, strict=False)[0] or mimetypes.guess_type(self.name)[0] or ""

    def piece(self, *path: str | int) -> FilePiece:
        """Return the file as a piece of a body; *path* is where in the body's value the reference stands."""
        return FilePiece(self.name, self.said, pointer_of(path))


def is_reference(value: Any) -> bool:
    """Say whether *value* stands for a file: an object whose one member is `$file`."""
    return isinstance(value, Mapping) and len(value) == 1 and REFERENCE in value


def reference_of(value: Mapping[str, Any], *path: str | int) -> FileReference:
    """Read the reference *value*, which stands at *path*. Raises `UnwritableError` for one that says no file."""
    said: Mapping[str, Any] = value[REFERENCE]
    problems = dict(reference_problems(value))
    for steps, why in problems.items():
        raise UnwritableError(why, *path, *steps)
    name = str(said.get("path") or said.get("name") or "upload")
    return FileReference(
        said=said,
        name=name,
        filename=said.get("filename") or said.get("name") or PurePath(name).name or "file",
        content_type=said.get("contentType") or said.get("mediaType") or "",
        headers=said.get("headers") or {},
    )


def reference_problems(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with the reference *value*, whatever files there are: where in it, and a sentence."""
    said: Any = value[REFERENCE]
    if not isinstance(said, Mapping):
        yield (REFERENCE,), "the reference of a file must be an object with its 'path'"
        return
    for name, item in said.items():
        if name not in (*_SAID, *_SEEN):
            near = nearest(name, _SAID)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_SAID)}"
            yield (REFERENCE, name), f"unknown name {name!r} in the reference of a file; {hint}"
        elif name in _TEXTS and not (isinstance(item, str) and item):
            yield (REFERENCE, name), f"{name!r} of a file must be text"
    if "path" in said and "upload" in said:
        yield (REFERENCE,), "a file is either at a 'path' or an 'upload', not both"
    elif "path" not in said and "upload" not in said:
        why = said.get("problem")
        yield (REFERENCE,), f"there is no such file: {why}" if why else "the reference of a file needs its 'path'"
    path = said.get("path")
    if isinstance(path, str):
        if ".." in PurePath(path).parts or ".." in path.replace("\\", "/").split("/"):
            yield (REFERENCE, "path"), f"the path {path!r} would climb; name a file below the folder of files"
        elif "\0" in path:
            yield (REFERENCE, "path"), "a path cannot hold NUL"
    yield from _header_problems(said)


_TEXTS = frozenset(("path", "upload", "contentType", "filename"))


def _header_problems(said: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    content_type = said.get("contentType") or said.get("mediaType") or ""
    if isinstance(content_type, str) and (UNSENDABLE.search(content_type) or not content_type.isascii()):
        yield (REFERENCE, "contentType"), f"the media type {content_type!r} cannot stand in a header"
    headers = said.get("headers") or {}
    if not isinstance(headers, Mapping):
        yield (REFERENCE, "headers"), "'headers' of a file must be an object"
        return
    for name, text in headers.items():
        if not TOKEN.fullmatch(name) or name.lower() in (*FRAMING, "content-disposition"):
            yield (REFERENCE, "headers", name), f"{name!r} is no header that a part of a body can have"
        elif name.lower() == "content-type":
            yield (REFERENCE, "headers", name), "the media type of a file stands in its 'contentType'"
        elif not isinstance(text, str) or UNSENDABLE.search(text):
            yield (REFERENCE, "headers", name), "a header must be text without line breaks and control characters"


# Files


@dataclass(frozen=True, slots=True)
class Files:
    """The files that requests may send."""

    folder: Path | None = None
    """Below it lies everything that a `path` may name; None: no path may."""
    upload: Callable[[str], Path | None] | None = None
    """The file of an upload by its id, None when there is none; where there is a designer, it says."""

    def find(self, piece: FilePiece) -> StoredFile:
        """Return the file that *piece* refers to. Raises `SettingsError`, at its place, when it may not or cannot be sent."""
        try:
            found = self._uploaded(piece) if "upload" in piece.reference else self._below(piece)
        except OSError as error:
            raise _refused(piece, f"the file {piece.name!r} cannot be read: {error.strerror or error}") from error
        size = piece.reference.get("size")
        if isinstance(size, int) and size != found.size:
            raise _refused(piece, f"the file {piece.name!r} has {found.size:,} bytes, its reference says {size:,}")
        return found

    def _uploaded(self, piece: FilePiece) -> StoredFile:
        path = self.upload(piece.reference["upload"]) if self.upload is not None else None
        if path is None:
            why = (
                f"the upload {piece.name!r} is not here: uploads end with the designer they were made in. Put the file below the "
                "folder of files and name its path"
            )
            raise _refused(piece, why)
        return StoredFile.at(path.parent, (path.name,), piece)

    def _below(self, piece: FilePiece) -> StoredFile:
        if self.folder is None:
            why = (
                f"no folder of files is named, so no file can be sent; an operator names it with {VARIABLE} or --files"
            )
            raise _refused(piece, why)
        folder = os.path.realpath(self.folder)
        real = Path(os.path.realpath(os.path.join(folder, piece.reference["path"])))  # noqa: PTH118 - as the system joins
        if not real.is_relative_to(folder):
            why = f"the file {piece.name!r} is not below the folder of files; an operator names it with {VARIABLE} or --files"
            raise _refused(piece, why)
        try:
            return StoredFile.at(Path(folder), real.relative_to(folder).parts, piece)
        except FileNotFoundError as error:
            raise _refused(piece, f"there is no file {piece.name!r} below the folder of files") from error


@dataclass(frozen=True, slots=True)
class StoredFile(FilePiece):
    """A file that was found."""

    folder: Path = Path()
    steps: tuple[str, ...] = ()
    """From *folder* to the file; none of them is a link."""
    identity: tuple[int, ...] = ()
    """What changes when the file is another one, or was written to."""

    @classmethod
    def at(cls, folder: Path, steps: tuple[str, ...], piece: FilePiece) -> StoredFile:
        """Return the file at *steps* below *folder*. Raises `SettingsError` for what is no file, and `OSError`."""
        found = cls(piece.name, piece.reference, piece.pointer, 0, folder, steps)
        # Before it is opened: opening a device or a pipe may do something.
        kind = folder.joinpath(*steps).lstat().st_mode
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "no regular file (a device, a pipe or a socket)"
            raise _refused(piece, f"{piece.name!r} is {what}; only files can be sent")
        with found._opened() as descriptor:
            seen = os.fstat(descriptor)
            return replace(found, size=seen.st_size, identity=_identity(seen))

    def read(self, start: int) -> bytes:
        """Return the bytes from *start*, `_READ` of them where there are. Raises `SettingsError` when the file has changed."""
        try:
            with self._opened() as descriptor:
                seen = os.fstat(descriptor)
                if _identity(seen) != self.identity:
                    raise self._changed(seen.st_size)
                os.lseek(descriptor, start, os.SEEK_SET)
                data = os.read(descriptor, min(_READ, self.size - start))
        except OSError as error:
            why = f"the file {self.name!r} could not be read on while it was sent: {error.strerror or error}"
            raise _refused(self, why) from error
        if not data:
            raise self._changed(start)
        return data

    def _changed(self, size: int) -> SettingsError:
        was = f"it had {self.size:,} bytes" + (f", now {size:,}" if size != self.size else "")
        return _refused(self, f"the file {self.name!r} changed while it was sent: {was}; send it when it is written")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the file, one step after the other: a link that was put in the way meanwhile is not followed."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with contextlib.ExitStack() as open_ones:

            def entered(path: str | Path, folder: int | None, flags: int) -> int:
                descriptor = os.open(path, flags, dir_fd=folder)
                open_ones.callback(os.close, descriptor)
                return descriptor

            if os.open not in os.supports_dir_fd:
                yield entered(self.folder.joinpath(*self.steps), None, flags)
                return
            here = entered(self.folder, None, os.O_RDONLY | os.O_DIRECTORY)
            for step in self.steps[:-1]:
                here = entered(step, here, flags | os.O_DIRECTORY)
            descriptor = entered(self.steps[-1], here, flags)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(self, f"{self.name!r} is no file any more")
            yield descriptor


def _identity(seen: os.stat_result) -> tuple[int, ...]:
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _refused(piece: FilePiece, why: str) -> SettingsError:
    return SettingsError([Problem(piece.pointer, why)])


# Sending


@dataclass(frozen=True, slots=True)
class LocatedBody(StreamedBody):
    """A body whose files were found. Every iteration reads them from the start."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces of bounded size. Raises `SettingsError` when a file has changed since it was found."""
        for piece in self.pieces:
            if isinstance(piece, StoredFile):
                sent = 0
                while sent < piece.size:
                    # Open only while it is read: nothing is left open, however the sending ends.
                    data = await in_thread(lambda piece=piece, sent=sent: piece.read(sent))  # type: ignore[misc]
                    sent += len(data)
                    for start in range(0, len(data), _WRITTEN):
                        yield data[start : start + _WRITTEN]
            elif isinstance(piece, bytes) and piece:
                yield piece


async def located(request: OutgoingRequest, files: Files) -> OutgoingRequest:
    """Return a copy of *request* that can be sent: the files of its body found among *files*, and its length known.

    Raises `SettingsError`, at the place of the reference, for a file that may not or cannot be sent.
    """
    found = request.copy()
    body = request.body
    if isinstance(body, StreamedBody):
        found.body = await in_thread(
            lambda: LocatedBody(
                tuple(files.find(each) if isinstance(each, FilePiece) else each for each in body.pieces)
            )
        )
        found.set_header("Content-Length", str(len(found.body)))
    return found
