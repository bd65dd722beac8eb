"""The descriptions that a SOURCE names: a file, a folder, an archive or standard input."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE
from httptask.importers.sources._archives import (
    ARCHIVES,
    DESCRIPTIONS,
    MAGIC_BYTES,
    MAX_EXPANDED_BYTES,
    SKIPPED_FOLDERS,
    Archive,
    RelativeEntries,
    archive_of,
    descriptions,
    is_description,
)
from httptask.importers.sources._files import (
    RelativeFiles,
    opened,
    read_all,
    real_path,
    shown,
    why_unreadable,
)
from httptask.protocols import Source

__all__ = ["file_sources", "is_fragment", "read_sources"]

_STDIN = "-"


def read_sources(
    name: str,
    *,
    stdin: BinaryIO | None = None,
) -> Iterator[Source | DescriptionError]:
    """Yield each description in *name*, and an error for each that cannot be read.

    Only one description is in memory at a time. *name* is a file, a folder, an archive (`.zip`,
    `.tar`, also compressed), or `-` for *stdin*. In a folder and its subfolders, the `.json`,
    `.yaml`, `.yml` and `.txt` files and the archives are read in sorted order, without hidden files
    and `node_modules`. A folder or archive may also contain fragments of descriptions: see
    `is_fragment`. Each `Source.beside` can be pickled.
    """
    try:
        if name == _STDIN:
            yield from _standard_input(stdin)
        elif os.path.isdir(name):  # noqa: PTH112 - a name with a null character is no error here
            yield from _folder(name)
        else:
            yield from file_sources(Path(name), name)
    except DescriptionError as error:
        yield error


def file_sources(path: Path, name: str) -> Iterator[Source | DescriptionError]:
    """Yield the descriptions in *path*, a file or an archive. Messages call it *name*."""
    yield from _file(path, name, RelativeFiles(str(real_path(path.parent)), path.name))


def is_fragment(source: Source) -> bool:
    """Say whether *source* is only a part of a description: JSON or YAML without a version."""
    return not is_description(source.name, source.data)


def _file(
    path: Path,
    name: str,
    beside: RelativeFiles,
) -> Iterator[Source | DescriptionError]:
    with opened(path, name) as file:
        archive = archive_of(file.read(MAGIC_BYTES), name)
        file.seek(0)
        if archive is not None:
            yield from _archive(archive, file, name, str(real_path(path)))
            return
        data = read_all(file, name)
    yield Source(shown(name), data, beside)


def _archive(
    archive: Archive,
    file: BinaryIO,
    name: str,
    path: str,
) -> Iterator[Source | DescriptionError]:
    is_empty = True
    for description in descriptions(archive, file):
        is_empty = False
        if isinstance(description, DescriptionError):
            entry_name = description.source
            where = f"{shown(name)}/{entry_name}" if entry_name else shown(name)
            yield DescriptionError(description.message, source=where)
        else:
            entry, data = description
            yield Source(f"{shown(name)}/{shown(entry)}", data, RelativeEntries(path, entry))
            del description, data  # so that only one description is in memory at a time
    if is_empty:
        yield DescriptionError(_NOTHING.format("archive"), source=shown(name))


_NOTHING = (
    f"no file in this {{}} is a description: none ends in {', '.join(DESCRIPTIONS[:-1])} or"
    f" {DESCRIPTIONS[-1]}"
)


def _folder(name: str) -> Iterator[Source | DescriptionError]:
    """Yield the descriptions in the folder *name*. Links that leave the folder are not followed."""
    root = real_path(name)
    is_empty = True
    for path in _files(name, root):
        is_empty = False
        try:
            if isinstance(path, DescriptionError):
                raise path
            where = str(Path(name, path))
            if not real_path(root / path).is_relative_to(root):
                raise DescriptionError(
                    "this is a link that leaves the folder; put a copy in its place",
                    source=shown(where),
                )
            yield from _file(root / path, where, RelativeFiles(str(root), path))
        except DescriptionError as error:
            yield error
    if is_empty:
        yield DescriptionError(_NOTHING.format("folder"), source=shown(name))


def _files(name: str, root: Path) -> Iterator[str | DescriptionError]:
    """Yield the paths below *root* that may be descriptions or archives.

    Paths have `/` between their parts. The files of a folder come before its subfolders.
    """
    folders = [""]
    while folders:
        folder = folders.pop()
        where = str(Path(name, folder))
        try:
            with os.scandir(root / folder) as scan:
                visible = [entry for entry in scan if not entry.name.startswith(".")]
        except OSError as error:
            yield DescriptionError(why_unreadable(where, error), source=shown(where))
            continue
        entries = sorted(visible, key=lambda entry: entry.name)
        subfolders = [entry for entry in entries if _is_folder(entry)]
        for entry in entries:
            if not _is_folder(entry) and entry.name.lower().endswith((*DESCRIPTIONS, *ARCHIVES)):
                yield f"{folder}{entry.name}"
        for entry in subfolders:
            if entry.is_symlink():
                yield DescriptionError(_FOLDER_LINK, source=shown(f"{where}/{entry.name}"))
        # The list is a stack: reversed, so that folders are popped in the order of their names.
        folders += [
            f"{folder}{entry.name}/"
            for entry in reversed(subfolders)
            if entry.name not in SKIPPED_FOLDERS and not entry.is_symlink()
        ]


_FOLDER_LINK = "this is a link to a folder, which is not followed; import that folder by itself"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _standard_input(stdin: BinaryIO | None) -> Iterator[Source | DescriptionError]:
    if stdin is None:
        raise DescriptionError("there is no standard input to read", source=_STDIN)
    start = stdin.read(MAGIC_BYTES)
    archive = archive_of(start, _STDIN)
    if archive is None:
        data = start + stdin.read(MAX_BYTES + 1 - len(start))
        if len(data) > MAX_BYTES:
            raise DescriptionError(TOO_LARGE, source=_STDIN)
        yield Source(_STDIN, data)
        return
    # Archives need a file: a zip has its directory at the end, and entries that others refer to are
    # read again.
    with tempfile.NamedTemporaryFile(prefix="httptask-") as file:
        file.write(start)
        while file.tell() <= MAX_EXPANDED_BYTES and (chunk := stdin.read(1024 * 1024)):
            file.write(chunk)
        file.seek(0)
        yield from _archive(
            archive,
            cast("BinaryIO", file),
            _STDIN,
            file.name,
        )
