"""Files of one description, opened safely, also by the references between them."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
"""Flags with which nothing blocks: without `O_NONBLOCK`, opening a pipe waits for its writer.

So a pipe is opened at once, and then refused.
"""


@dataclass(frozen=True, slots=True)
class RelativeFiles:
    """Reads files below *root* by references that stand in the file *at*.

    *root* is a real path of a folder, *at* a `/`-separated path below it.
    """

    root: str
    at: str

    def __call__(self, reference: str) -> bytes:
        """Return the bytes of the file that *reference* names: see `protocols.Source.beside`."""
        path = path_beside(reference, self.at)
        try:
            real = Path(os.path.realpath(Path(self.root, *path.split("/")), strict=True))
        except (OSError, ValueError) as error:
            raise DescriptionError(
                f"{shown(reference)!r} is not there: no file {shown(path)!r} in {shown(self.root)}"
            ) from error
        if not real.is_relative_to(self.root):
            raise DescriptionError(
                f"{shown(reference)!r} is a link that leaves {shown(self.root)}; put a copy of the"
                " file in its place"
            )
        with opened(real, reference) as file:
            return read_all(file, reference)


def path_beside(reference: str, at: str) -> str:
    """Resolve *reference*, a relative URI reference (RFC 3986, section 4.2), to a file's path.

    *at* is the path of the file in which it stands; both paths are below the same root, with `/`
    between their parts. A fragment is left out. Raises `DescriptionError` when it is not a relative
    path or leaves the root.
    """
    name = shown(reference)
    try:
        parts = urlsplit(reference.replace("\\", "/"))
    except ValueError as error:
        raise DescriptionError(f"{name!r} is no reference: {error}") from error
    if parts.scheme == "file":
        raise DescriptionError(
            f"{name!r} is not opened: name the file by its path relative to the description"
        )
    if parts.scheme or parts.netloc:
        raise DescriptionError(
            f"{name!r} is not opened: nothing is fetched; keep a copy beside the description and"
            " name it"
        )
    if parts.query:
        raise DescriptionError(
            f"{name!r} is not opened: a file has no query; write '?' in its name as %3F"
        )
    # The path is checked after unescaping: `%2E%2E%2F` must not leave the root.
    try:
        path = unquote_to_bytes(parts.path).decode("utf-8").replace("\\", "/")
    except UnicodeError as error:
        raise DescriptionError(
            f"{name!r} is no reference: what it escapes by '%' is not UTF-8"
        ) from error
    if path.startswith("/"):
        raise DescriptionError(
            f"{name!r} is not opened: name the file by its path relative to the description"
        )
    if "\0" in path or not path:
        raise DescriptionError(f"{name!r} names no file")
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(at), path))
    if resolved == ".." or resolved.startswith("../"):
        raise DescriptionError(
            f"{name!r} is not opened: it leads out of the description's folder; import the folder"
            " that holds both"
        )
    return resolved


def real_path(path: str | Path) -> Path:
    """Return *path* with links resolved; unchanged where it cannot be a path, nor be opened."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # the name holds a null character
        return Path(path)


def opened(path: Path, name: str) -> BinaryIO:
    """Open the file *path* for reading; errors call it *name*.

    Raises `DescriptionError` when it cannot be opened or is no regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:  # ValueError: the name holds a null character
        raise DescriptionError(why_unreadable(name, error), source=shown(name)) from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    message = "this is a folder, not a file" if stat.S_ISDIR(mode) else _NO_FILE
    raise DescriptionError(message, source=shown(name))


_NO_FILE = (
    "this is a pipe or a device, not a file; give what it holds on standard input, and `-` as its"
    " name"
)


def read_all(file: BinaryIO, name: str) -> bytes:
    """Return the rest of *file*, which errors call *name*.

    Raises `DescriptionError` when it is larger than `MAX_BYTES` or cannot be read.
    """
    try:
        data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DescriptionError(why_unreadable(name, error), source=shown(name)) from error
    if len(data) > MAX_BYTES:
        raise DescriptionError(TOO_LARGE, source=shown(name))
    return data


def why_unreadable(name: str, error: OSError | ValueError) -> str:
    """Return why opening or reading the file *name* raised *error*, and what to do about it."""
    match error:
        case FileNotFoundError() if "://" in name:
            return "this is an address, not a file; save the page as a text file and name that file"
        case FileNotFoundError():
            return "there is no such file; check the name and the folder"
        case PermissionError():
            return "this may not be read by this user; change its permissions"
        case OSError():
            return f"this cannot be read: {error.strerror or error}"
        case _:
            return "this cannot be the name of a file"


def shown(name: str) -> str:
    """Return *name* for people: bytes that are not UTF-8 are replaced."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
