"""Open the files of a description safely: by name, and by the references between them."""

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
"""Flags for `os.open`.

With `O_NONBLOCK`, opening a named pipe does not wait for a writer, so that we can refuse the pipe.
"""


@dataclass(frozen=True, slots=True)
class RelativeFiles:
    """Reads files below the folder *root*, by references that the file *at* contains.

    *root* is a path without links, *at* a path below *root* with `/` between its parts.
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

    *at* is the path of the file that contains *reference*. Both paths are relative to the same
    root, with `/` between their parts. A URI fragment is dropped. Raises `DescriptionError` if
    *reference* is not a relative path or leaves the root.
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
    # Unescape before the checks: `%2E%2E%2F` must not leave the root either.
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
    """Return *path* with links resolved, or unchanged if it cannot be the path of a file."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a null character in the name
        return Path(path)


def opened(path: Path, name: str) -> BinaryIO:
    """Open the file *path* for reading. Error messages call it *name*.

    Raises `DescriptionError` if it cannot be opened or is not a regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
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
    """Read *file* from its position to its end. Error messages call it *name*.

    Raises `DescriptionError` if that is more than `MAX_BYTES` or cannot be read.
    """
    try:
        data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DescriptionError(why_unreadable(name, error), source=shown(name)) from error
    if len(data) > MAX_BYTES:
        raise DescriptionError(TOO_LARGE, source=shown(name))
    return data


def why_unreadable(name: str, error: OSError | ValueError) -> str:
    """Return the message for *error*, raised by opening or reading the file *name*."""
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
    """Return the file name *name* for messages, with bytes that are not UTF-8 replaced."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
