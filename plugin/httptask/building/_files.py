"""Files on disk: finding them in the operator's folder, and reading them while they are sent.

A reference can only reach files below the folder that the operator names: `..`, links and absolute
paths do not lead out of it. A reference may come from the result of a task that stored a response.
"""

from __future__ import annotations

import base64
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from httptask._core.kept_files import is_kept_name, kept_in
from httptask._core.pointers import pointer as pointer_of
from httptask._core.shared_files import SharedFiles
from httptask._core.threads import in_thread
from httptask._http.media_types import charset_of
from httptask.building._escaping import UnwritableError, url_part
from httptask.building._references import (
    REFERENCE,
    data_places,
    reference_of,
    reference_problems,
    text_places,
    with_values,
)
from httptask.building._text import codec_of
from httptask.errors import Problem, SettingsError
from httptask.model.exchange import FilePiece, OutgoingRequest, StreamedBody

_MOST_DATA = 16 * 1024 * 1024
"""The most bytes of a file used as data: there are several copies of the data in memory.

Larger files can only be streamed.
"""

_READ = 1024 * 1024
"""Bytes to read at once, in a thread, because a disk may be slow."""
_WRITTEN = 64 * 1024
"""Bytes per write. Small pieces keep each write within `readTimeoutSeconds` on a slow network."""


# Files


@dataclass(frozen=True)
class Files:
    """The files that requests may send."""

    shared: SharedFiles | None = None
    """The folder that `path` is relative to; None: references with `path` are refused."""
    upload: Callable[[str], Path | None] | None = None
    """Returns the file of an upload by its id, or None. The designer provides this function."""

    @property
    def folder(self) -> Path | None:
        """The folder of *shared*."""
        if self.shared is not None:
            return self.shared.folder
        return None

    def find(self, piece: FilePiece) -> StoredFile:
        """Return the file that *piece* refers to; it may be downloaded from a bucket first.

        Raises `SettingsError` at the piece's pointer if the file must not or cannot be sent.
        """
        try:
            file = self._uploaded(piece) if "upload" in piece.reference else self._below(piece)
        except OSError as error:
            raise _refused(piece, "file-unreadable", systemMessage=_message_of(error)) from error
        except UnicodeEncodeError as error:  # a lone surrogate, which JSON can hold
            raise _refused(piece, "file-missing") from error
        size = piece.reference.get("size")
        if isinstance(size, int) and size != file.size:
            raise _refused(piece, "file-size", found=file.size, expected=size)
        return file

    def state(self, value: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the identity of the file that *value* refers to; None if there is no such file.

        The identity changes when the file is replaced or written to. *value* contains no
        expression.
        """
        settings = value[REFERENCE]
        if next(reference_problems(value), None) is not None or not self.knows(settings):
            return None
        try:
            return self.find(FilePiece(reference_of(value).name, settings, "")).identity
        except SettingsError:
            return None

    def content(self, piece: FilePiece) -> bytes:
        """Read the file that *piece* refers to, to be used as data.

        Raises `SettingsError` as `find` does, and for a file over 16 MiB.
        """
        file = self.find(piece)
        if file.size > _MOST_DATA:
            raise _refused(piece, "file-too-large", found=file.size, limit=_MOST_DATA)
        data = b""
        while len(data) < file.size:
            data += file.read(len(data))
        return data

    def named_places(self, value: Any) -> Iterator[tuple[str | int, ...]]:
        """Yield the path of each text in *value* that contains the path of a kept response body,
        or is the name of such a file.
        """
        folder = self.folder
        if folder is not None:
            patterns = [kept_in(folder), kept_in(Path(url_part(str(folder))))]

            def names_file(text: str) -> bool:
                return any(pattern.search(text) for pattern in patterns) or is_kept_name(
                    text, folder
                )

            yield from text_places(value, names_file)

    def knows(self, reference: Mapping[str, Any]) -> bool:
        """Say whether it can be checked here that the file of *reference* exists.

        A `path` cannot be checked without a folder of files.
        """
        return "upload" in reference or ("path" in reference and self.folder is not None)

    def _uploaded(self, piece: FilePiece) -> StoredFile:
        path = None
        if self.upload is not None:
            path = self.upload(piece.reference["upload"])
        if path is None:
            raise _refused(piece, "upload-gone")
        return StoredFile.at(path.parent, (path.name,), piece)

    def _below(self, piece: FilePiece) -> StoredFile:
        """Return the file at the `path` of *piece*, downloaded from the bucket if missing here."""
        if self.shared is None:
            raise _refused(piece, "files-folder")
        folder = Path(os.path.realpath(self.shared.folder))
        real = Path(os.path.realpath(os.path.join(folder, piece.reference["path"])))  # noqa: PTH118 - as the system joins
        if not real.is_relative_to(folder):
            raise _refused(piece, "file-outside")
        steps = real.relative_to(folder).parts
        try:
            return StoredFile.at(folder, steps, piece)
        except FileNotFoundError as error:
            if not steps or not self.shared.fetch(self.shared.folder.joinpath(*steps)):
                raise _refused(piece, "file-missing") from error
        return StoredFile.at(folder, steps, piece)


@dataclass(frozen=True, slots=True)
class StoredFile(FilePiece):
    """A file that exists and may be sent."""

    folder: Path = Path()
    steps: tuple[str, ...] = ()
    """The path from *folder* to the file, without links."""
    identity: tuple[int, ...] = ()
    """Device, inode, size and modification time: they show whether the file has changed."""

    @classmethod
    def at(cls, folder: Path, steps: tuple[str, ...], piece: FilePiece) -> StoredFile:
        """Return the file at *steps* below *folder*.

        Raises `SettingsError` if it is not a regular file, and `OSError`.
        """
        file = cls(
            piece.name,
            piece.reference,
            piece.pointer,
            0,
            folder,
            steps,
        )
        # Check before opening: opening a device or a pipe may have effects.
        mode = folder.joinpath(*steps).lstat().st_mode
        if not stat.S_ISREG(mode):
            file_type = (
                "a folder"
                if stat.S_ISDIR(mode)
                else "no regular file (a device, a pipe or a socket)"
            )
            raise _refused(piece, "file-type", found=file_type)
        with file._opened() as descriptor:
            status = os.fstat(descriptor)
            return replace(file, size=status.st_size, identity=_identity(status))

    def read(self, start: int) -> bytes:
        """Read at most `_READ` bytes from the offset *start*.

        Raises `SettingsError` when the file has changed since `Files.find` returned it.
        """
        try:
            with self._opened() as descriptor:
                status = os.fstat(descriptor)
                # Content-Length was set before: a file that has grown or shrunk since cannot be
                # sent with it.
                if _identity(status) != self.identity:
                    raise self._changed(status.st_size)
                os.lseek(descriptor, start, os.SEEK_SET)
                data = os.read(descriptor, min(_READ, self.size - start))
        except OSError as error:
            raise _refused(self, "file-read-broken", systemMessage=_message_of(error)) from error
        if not data:
            raise self._changed(start)
        return data

    def _changed(self, size: int) -> SettingsError:
        return _refused(
            self,
            "file-changed",
            size=self.size,
            now=size if size != self.size else None,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """Open each folder on the path, then the file, and follow no link.

        So a link that somebody creates after the check does not lead out of the folder.
        """
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            # Opening a named pipe would otherwise wait for somebody to write to it.
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with contextlib.ExitStack() as stack:

            def opened(path: str | Path, folder: int | None, flags: int) -> int:
                descriptor = os.open(path, flags, dir_fd=folder)
                stack.callback(os.close, descriptor)
                return descriptor

            # On Windows, which cannot open relative to a folder.
            if os.open not in os.supports_dir_fd:
                yield opened(self.folder.joinpath(*self.steps), None, flags)
                return
            folder = opened(self.folder, None, os.O_RDONLY | os.O_DIRECTORY)
            for step in self.steps[:-1]:
                folder = opened(step, folder, flags | os.O_DIRECTORY)
            descriptor = opened(self.steps[-1], folder, flags)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(self, "file-gone")
            yield descriptor


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _message_of(error: OSError) -> str:
    return error.strerror or str(error)


def _refused(piece: FilePiece, code: str, **params: Any) -> SettingsError:
    return SettingsError([Problem.of(code, piece.pointer, name=piece.name, **params)])


# Sending


@dataclass(frozen=True, slots=True)
class LocatedBody(StreamedBody):
    """A body whose files have been found. Each iteration reads the files from the start."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces; the files in pieces of at most 64 KiB.

        Raises `SettingsError` when a file has changed since `Files.find` returned it.
        """
        for piece in self.pieces:
            if isinstance(piece, StoredFile):
                sent = 0
                while sent < piece.size:
                    # The file is open only during a read: no file stays open if sending ends early.
                    data = await in_thread(lambda piece=piece, sent=sent: piece.read(sent))  # type: ignore[misc]
                    sent += len(data)
                    for start in range(0, len(data), _WRITTEN):
                        yield data[start : start + _WRITTEN]
            elif isinstance(piece, bytes) and piece:
                yield piece


async def located(request: OutgoingRequest, files: Files) -> OutgoingRequest:
    """Return a copy of *request* that can be sent: its files are found, and its length is set.

    Raises `SettingsError`, at the pointer of the reference, for a file that must not or cannot be
    sent.
    """
    copy = request.copy()
    body = request.body
    if isinstance(body, StreamedBody):
        copy.body = await in_thread(
            lambda: LocatedBody(
                tuple(
                    files.find(piece) if isinstance(piece, FilePiece) else piece
                    for piece in body.pieces
                )
            )
        )
        copy.set_header("Content-Length", str(len(copy.body)))
    return copy


# Content as data


async def with_contents(
    request: Mapping[str, Any],
    files: Files,
    at: str = "",
) -> dict[str, Any]:
    """Replace each file reference with `as` in *request* (evaluated settings) by the file's
    content.

    *at* is the JSON Pointer of *request*. Raises `SettingsError` for a file that cannot be read, or
    is not text although `as` says so, and for a text that contains the path of a local file.
    """
    # A path of a kept body in a text would tell the server about this machine, and send no file.
    for path in files.named_places(request):
        raise SettingsError([Problem.of("file-path-in-text", pointer_of(path, at))])
    contents = {}
    for path, reference in data_places(request):
        try:
            read = partial(_data, reference, files, pointer_of(path, at))
            contents[path] = await in_thread(read)
        except UnwritableError as error:
            raise SettingsError([error.problem(pointer_of(path, at))]) from error
    return with_values(request, contents) if contents else dict(request)


def _data(reference: Mapping[str, Any], files: Files, at: str) -> str:
    """Read the file of *reference*, which is at the pointer *at*, as its `as` says."""
    file = reference_of(reference)
    content = (
        file.content if file.is_inline else files.content(FilePiece(file.name, file.settings, at))
    )
    if file.settings["as"] == "base64":
        return base64.b64encode(content).decode("ascii")
    charset = charset_of(file.content_type)
    try:
        # A byte order mark belongs to the file, not to its text (RFC 3629, section 6).
        return content.decode(codec_of(charset)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UnwritableError(
            "unwritable-file-text",
            REFERENCE,
            "as",
            name=file.name,
            charset=charset or "UTF-8",
        ) from error


def missing_files(
    file_references: Iterable[tuple[tuple[str | int, ...], Mapping[str, Any]]],
    files: Files,
    at: str,
) -> Iterator[Problem]:
    """Yield a problem for each reference whose file does not exist or cannot be sent.

    *file_references* are references without expressions, with their paths below the JSON Pointer
    *at*.
    """
    for path, value in file_references:
        settings = value[REFERENCE]
        if next(reference_problems(value), None) is not None or not files.knows(settings):
            continue
        try:
            files.find(FilePiece(reference_of(value).name, settings, pointer_of(path, at)))
        except SettingsError as error:
            yield from error.problems
