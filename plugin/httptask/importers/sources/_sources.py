"""What `httptask import SOURCE` names: a file, a folder, an archive or standard input, as one
description after another.
"""

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
    EntriesBeside,
    archive_of,
    descriptions,
    is_description,
)
from httptask.importers.sources._beside import (
    FilesBeside,
    opened,
    read_all,
    real_path,
    shown,
    why_unreadable,
)
from httptask.protocols import Source

__all__ = ["file_sources", "is_fragment", "sources"]

_STDIN = "-"


def sources(name: str, *, stdin: BinaryIO | None = None) -> Iterator[Source | DescriptionError]:
    """Yield each description that *name* names, and an error for each that cannot be read; one is
    in memory at a time.

    A file, a folder (its `.json`, `.yaml`, `.yml` and `.txt` files and its archives, sorted,
    folders within it too; not what is hidden, and not `node_modules`), an archive (`.zip`, `.tar`,
    also compressed), or `-`, which is *stdin*. In a folder or archive there may be parts of other
    descriptions: see `is_fragment`. Each `Source.beside` can be pickled.
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
    """Yield each description in the file *path*, a description or an archive, which is called
    *name* in reports.
    """
    yield from _file(path, name, FilesBeside(str(real_path(path.parent)), path.name))


def is_fragment(source: Source) -> bool:
    """Say whether *source* can only be a part of another description: JSON or YAML that says no
    version of a format.
    """
    return not is_description(source.name, source.data)


def _file(path: Path, name: str, beside: FilesBeside) -> Iterator[Source | DescriptionError]:
    with opened(path, name) as file:
        archive = archive_of(file.read(MAGIC_BYTES), name)
        file.seek(0)
        if archive is not None:
            yield from _archive(archive, file, name, str(real_path(path)))
            return
        data = read_all(file, name)
    yield Source(shown(name), data, beside)


def _archive(
    archive: Archive, file: BinaryIO, name: str, path: str
) -> Iterator[Source | DescriptionError]:
    nothing = True
    for found in descriptions(archive, file):
        nothing = False
        if isinstance(found, DescriptionError):
            where = f"{shown(name)}/{found.source}" if found.source else shown(name)
            yield DescriptionError(found.message, source=where)
        else:
            entry, data = found
            yield Source(f"{shown(name)}/{shown(entry)}", data, EntriesBeside(path, entry))
            del found, data  # before the next one is read
    if nothing:
        yield DescriptionError(_NOTHING.format("archive"), source=shown(name))


_NOTHING = (
    f"no file in this {{}} is a description: none ends in {', '.join(DESCRIPTIONS[:-1])} or"
    f" {DESCRIPTIONS[-1]}"
)


def _folder(name: str) -> Iterator[Source | DescriptionError]:
    root = real_path(name)
    nothing = True
    for below in _files(name, root):
        nothing = False
        try:
            if isinstance(below, DescriptionError):
                raise below
            where = str(Path(name, below))
            if not real_path(root / below).is_relative_to(root):
                raise DescriptionError(
                    "this is a link that leaves the folder; put a copy in its place",
                    source=shown(where),
                )
            yield from _file(root / below, where, FilesBeside(str(root), below))
        except DescriptionError as error:
            yield error
    if nothing:
        yield DescriptionError(_NOTHING.format("folder"), source=shown(name))


def _files(name: str, root: Path) -> Iterator[str | DescriptionError]:
    """Yield the paths below *root* of what may be a description or an archive: `/`-separated, each
    folder's files first.
    """
    folders = [""]
    while folders:
        folder = folders.pop()
        where = str(Path(name, folder))
        try:
            with os.scandir(root / folder) as found:
                entries = sorted(
                    (entry for entry in found if not entry.name.startswith(".")),
                    key=lambda entry: entry.name,
                )
        except OSError as error:
            yield DescriptionError(why_unreadable(where, error), source=shown(where))
            continue
        inner = [entry for entry in entries if _is_folder(entry)]
        for entry in entries:
            if not _is_folder(entry) and entry.name.lower().endswith((*DESCRIPTIONS, *ARCHIVES)):
                yield f"{folder}{entry.name}"
        for entry in inner:
            if entry.is_symlink():
                said = (
                    "this is a link to a folder, which is not followed; import that folder by"
                    " itself"
                )
                yield DescriptionError(said, source=shown(f"{where}/{entry.name}"))
        folders += [
            f"{folder}{entry.name}/"
            for entry in reversed(inner)
            if entry.name not in SKIPPED_FOLDERS and not entry.is_symlink()
        ]


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
    # Its list of entries is at a zip's end, and references lead to any entry: it is read more than
    # once.
    with tempfile.NamedTemporaryFile(prefix="httptask-") as file:
        file.write(start)
        while file.tell() <= MAX_EXPANDED_BYTES and (chunk := stdin.read(1024 * 1024)):
            file.write(chunk)
        file.seek(0)
        yield from _archive(archive, cast("BinaryIO", file), _STDIN, file.name)
