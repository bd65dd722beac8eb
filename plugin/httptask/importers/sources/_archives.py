"""Read descriptions from an archive, in memory and one at a time. Nothing is extracted to disk.

Archives are untrusted: limits bound the bytes read, the memory used and the number of entries.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE
from httptask.importers.sources._files import opened, path_beside, shown

MAX_ENTRIES = 50_000
"""The most entries of one archive."""
MAX_EXPANDED_BYTES = 4 * 1024**3
"""The most bytes of one archive when unpacked."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
DESCRIPTIONS = (".txt", ".json", ".yaml", ".yml")
"""Suffixes, in lower case, of the files that are read in a folder or an archive."""
SKIPPED_FOLDERS = ("node_modules", "__MACOSX")

_CHUNK = 1024 * 1024
_HEADER_BYTES = 1024 * 1024
"""The most bytes that are read for the headers of one entry, with its names and attributes."""
_DIRECTORY_BYTES = 8 * 1024 * 1024
"""The most bytes of a zip's directory. An entry has 46 bytes and its name, and ten times as many in
memory."""
_XZ_MEMORY = 192 * 1024 * 1024
"""The most bytes of memory for unpacking xz: `xz -9` needs 65 MB; the format allows 4 GB."""
_FRAGMENT_BYTES = 64 * 1024 * 1024
"""The most bytes of an archive's fragments that are cached for references to them."""
_SEARCHES = 20
"""How often one archive is read again for an entry that is not cached."""
MAGIC_BYTES = 512
"""How many bytes at the start of a file are needed to recognise an archive."""

_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # an encrypted entry
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""The errors that Python's archive modules raise for a broken archive."""
_TOO_MUCH = (
    f"the archive is larger than {MAX_EXPANDED_BYTES // 2**30} GB unpacked; the rest is not read"
)

_VERSION_JSON = re.compile(rb'"(?:openapi|swagger)"\s*+:\s*+"?v?\d')
_VERSION_YAML = re.compile(rb"""^(["']?)(?:openapi|swagger)\1\s*+:\s*+["']?v?\d""", re.MULTILINE)


class Entry(NamedTuple):
    """A file in an archive."""

    name: str
    size: int
    """The unpacked size in bytes, according to the archive."""
    trouble: str | None
    """Why the entry is not read. None means that it can be read."""
    open: Callable[[], IO[bytes]]


Archive = Callable[[BinaryIO], Iterator[Entry]]
"""An archive format: the function that yields the entries of an open file."""


@dataclass(frozen=True, slots=True)
class RelativeEntries:
    """Reads entries of the archive *path*, by references that the entry *at* contains."""

    path: str
    at: str

    def __call__(self, reference: str) -> bytes:
        """Return the bytes of the entry that *reference* names: see `protocols.Source.beside`."""
        name = path_beside(reference, self.at)
        try:
            return _fragment_cache(self.path, Path(self.path).stat().st_mtime_ns).read(name)
        except (KeyError, OSError):
            raise DescriptionError(
                f"{shown(reference)!r} is not there: no entry {shown(name)!r} in the archive"
            ) from None


def archive_of(start: bytes, name: str) -> Archive | None:
    """Return the archive format of the file *name*, or None if it is not an archive.

    *start* is the first `MAGIC_BYTES` of the file.
    """
    for offset, magic, archive in _MAGIC:
        if start.startswith(magic, offset):
            return archive
    # A tar file older than POSIX has no magic bytes: only its name says that it is one.
    if name.lower().endswith(".tar"):
        return _MAGIC[-1][-1]
    return None


def descriptions(
    archive: Archive,
    file: BinaryIO,
) -> Iterator[tuple[str, bytes] | DescriptionError]:
    """Yield (name, bytes) of each file in *archive* that may be a description or a fragment.

    *file* is the open archive. Damage is yielded as an error, and so is a file whose name is a
    description's but which cannot be read. Names are relative paths with `/`.
    """
    expanded = 0
    for count, entry in enumerate(_until_damage(archive, file)):
        if isinstance(entry, DescriptionError):
            yield entry
            return
        if count >= MAX_ENTRIES:
            yield DescriptionError(
                f"the archive has more than {MAX_ENTRIES:,} entries; the rest is not read"
            )
            return
        if not _may_be_description(entry.name):
            continue
        expanded += entry.size
        if expanded > MAX_EXPANDED_BYTES:
            yield DescriptionError(_TOO_MUCH)
            return
        yield _content(entry)


def is_description(name: str, data: bytes) -> bool:
    """Say whether the file *name* may be a whole description; otherwise it is at most a fragment.

    JSON and YAML are a description if they have a version (`openapi` or `swagger`). The field is
    found by a search, because parsing would be expensive.
    """
    beginning = data[:MAGIC_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    is_object = beginning[:1] in (b"{", b"[")
    if not is_object and not name.lower().endswith((".json", ".yaml", ".yml")):
        return True
    return bool(_VERSION_JSON.search(data) or _VERSION_YAML.search(data))


def _may_be_description(name: str) -> bool:
    """Say whether the entry *name* has a suitable suffix, and is in no hidden or skipped folder."""
    if any(_is_skipped(folder) for folder in posixpath.dirname(name).split("/")):
        return False
    base = posixpath.basename(name)
    if base.startswith("."):
        return False
    return base.lower().endswith((*DESCRIPTIONS, *ARCHIVES))


def _is_skipped(folder: str) -> bool:
    is_hidden = folder.startswith(".") and folder.strip(".") != ""  # `.` and `..` are not hidden
    return is_hidden or folder in SKIPPED_FOLDERS


def _content(entry: Entry) -> tuple[str, bytes] | DescriptionError:
    """Read *entry*. Return (name, bytes), or the error if it cannot be read."""
    name = shown(entry.name)
    trouble = entry.trouble or _problem(entry)
    if trouble:
        return DescriptionError(trouble, source=name)
    data = io.BytesIO()
    try:
        with entry.open() as file:
            while chunk := file.read(min(_CHUNK, entry.size - data.tell())):
                data.write(chunk)
    except _DAMAGED as error:
        return DescriptionError(f"this entry of the archive is damaged: {error}", source=name)
    if data.tell() != entry.size:
        return DescriptionError("this entry of the archive is cut off", source=name)
    return posixpath.normpath(entry.name), data.getvalue()


def _problem(entry: Entry) -> str | None:
    if entry.name.startswith("/") or ".." in entry.name.split("/"):
        return "this entry's name leaves the archive; it is not read"
    if entry.name.lower().endswith(ARCHIVES):
        return "this is an archive in an archive; unpack it, and import it by itself"
    if entry.size > MAX_BYTES:
        return TOO_LARGE
    return None


def _until_damage(archive: Archive, file: BinaryIO) -> Iterator[Entry | DescriptionError]:
    """Yield the entries of *archive*, up to the first damage, which is yielded as an error."""
    try:
        yield from archive(file)
    except _DAMAGED as error:
        yield DescriptionError(f"the archive is damaged: {error}; what comes after is not read")
    except DescriptionError as error:
        yield error


class _Bounded:
    """A file that raises `DescriptionError` when more bytes are read than `allow` allowed.

    Without this limit, a header that lies about a size could make Python read any amount.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._remaining = 0

    def allow(self, size: int) -> None:
        self._remaining = size

    def read(self, size: int | None = None) -> bytes:
        if size is None:  # zipfile reads the end of a zip without a size
            position = self.tell()
            size = self.seek(0, io.SEEK_END) - position
            self.seek(position)
        if not 0 <= size <= self._remaining:
            raise DescriptionError(
                "the archive's own records are too large, or damaged; what comes after is not read"
            )
        self._remaining -= size
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class _Forward(_Bounded):
    """A bounded stream that can only be read forward."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._position = 0
        self.last = b""
        """The result of the last `read`."""

    def read(self, size: int | None = None) -> bytes:
        self.last = super().read(size)
        self._advance(len(self.last))
        return self.last

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < self._position:
            raise tarfile.ReadError("a record points backwards")
        while self._position < offset:
            passed = self._file.read(min(_CHUNK, offset - self._position))
            if not passed:
                raise tarfile.ReadError("it is cut off")
            self._advance(len(passed))
        return self._position

    def tell(self) -> int:
        return self._position

    def _advance(self, size: int) -> None:
        self._position += size
        if self._position > MAX_EXPANDED_BYTES:
            raise DescriptionError(_TOO_MUCH)


class _Xz(io.RawIOBase):
    """The unpacked bytes of the xz *file*, in bounded memory: `lzma.LZMAFile` has no limit."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = self._new()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._decompressor.eof:
                remainder = (self._decompressor.unused_data or self._file.read(_CHUNK)).lstrip(
                    b"\0"
                )
                if not remainder:
                    return 0
                self._decompressor = self._new()  # an xz file may have several streams
                data = self._decompressor.decompress(remainder, len(buffer))
            else:
                packed = b""
                if self._decompressor.needs_input:
                    packed = self._file.read(_CHUNK)
                if self._decompressor.needs_input and not packed:
                    raise EOFError("it is cut off")
                data = self._decompressor.decompress(packed, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _tar(
    unpack: Callable[[BinaryIO], AbstractContextManager[Any]],
    file: BinaryIO,
) -> Iterator[Entry]:
    with unpack(file) as unpacked:
        stream = _Forward(unpacked)
        with _tar_file(stream) as tar:
            yield from _entries_of_tar(tar, stream)


def _tar_file(stream: _Forward) -> tarfile.TarFile:
    stream.allow(_HEADER_BYTES)
    try:
        return tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:")
    except tarfile.ReadError as error:
        raise DescriptionError(
            f"no tar archive is in it ({error}); unpack it, and import what it holds"
        ) from error


def _entries_of_tar(tar: tarfile.TarFile, stream: _Forward) -> Iterator[Entry]:
    """Yield the entries of *tar*. Entries must not overlap, which would multiply their bytes."""

    def opened_entry(info: tarfile.TarInfo) -> IO[bytes]:
        stream.allow(info.size)
        return cast("IO[bytes]", tar.extractfile(info))

    end = 0
    while (info := _next(tar, stream)) is not None:
        if info.size < 0 or info.offset < end:
            raise tarfile.ReadError("a record points backwards")
        end = info.offset_data + info.size
        is_file = info.isreg() and not info.issparse()
        name = f"{info.name}/" if info.isdir() else info.name
        yield Entry(
            name,
            info.size,
            None if is_file else _LINK,
            partial(opened_entry, info),
        )
    # tarfile treats a broken header as the end of the archive; at the real end all bytes are zero.
    if stream.last.strip(b"\0"):
        raise tarfile.ReadError("a header is broken")


def _next(tar: tarfile.TarFile, stream: _Forward) -> tarfile.TarInfo | None:
    stream.allow(_HEADER_BYTES)
    info = tar.next()
    # tarfile keeps every entry in a list, and 50,000 entries would fill the memory.
    tar.members = []  # type: ignore[attr-defined]
    return info


def _zip(file: BinaryIO) -> Iterator[Entry]:
    bounded = _Bounded(file)
    bounded.allow(_DIRECTORY_BYTES)
    with zipfile.ZipFile(cast("IO[bytes]", bounded)) as archive:

        def opened_entry(info: zipfile.ZipInfo) -> IO[bytes]:
            bounded.allow(info.compress_size + _HEADER_BYTES)
            return archive.open(info)

        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            trouble = _ENCRYPTED if info.flag_bits & 1 else None
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                trouble = _LINK
            yield Entry(
                info.filename,
                info.file_size,
                trouble,
                partial(opened_entry, info),
            )


_LINK = "this is a link or a device, which is not followed; put the file itself into the archive"
_ENCRYPTED = "this entry of the archive is encrypted; unpack it, and import what it holds"

_MAGIC: tuple[tuple[int, bytes, Archive], ...] = (
    (0, b"PK\x03\x04", _zip),
    (0, b"PK\x05\x06", _zip),
    (0, b"\x1f\x8b", partial(_tar, lambda file: gzip.GzipFile(fileobj=file))),
    (0, b"BZh", partial(_tar, bz2.BZ2File)),
    (0, b"\xfd7zXZ\0", partial(_tar, lambda file: io.BufferedReader(_Xz(file)))),
    (257, b"ustar", partial(_tar, nullcontext)),
)
"""(offset, magic bytes, format) of the archive formats.

Sources: APPNOTE 4.3.7 and 4.3.16 (zip), RFC 1952 section 2.3.1 (gzip), POSIX pax (tar).
"""


class _FragmentCache:
    """A cache of the fragments in the archive *path*, to which descriptions refer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._data: dict[str, bytes] = {}
        self._names: set[str] = set()
        self._searches = _SEARCHES
        room = _FRAGMENT_BYTES
        for name, data in self._all():
            self._names.add(name)
            if len(data) <= room and not is_description(name, data):
                room -= len(data)
                self._data[name] = data

    def read(self, name: str) -> bytes:
        """Return the bytes of the entry *name*.

        Raises `KeyError` if there is no such entry, and `DescriptionError` if it cannot be read.
        """
        if name in self._data or name not in self._names:
            return self._data[name]
        if not self._searches:
            raise DescriptionError(
                f"{shown(name)!r} is not read: unpack the archive, and import the folder"
            )
        self._searches -= 1
        with closing(self._all()) as entries:
            return next(data for entry_name, data in entries if entry_name == name)

    def _all(self) -> Generator[tuple[str, bytes]]:
        with opened(Path(self._path), self._path) as file:
            archive = archive_of(file.read(MAGIC_BYTES), self._path)
            file.seek(0)
            for entry in descriptions(archive, file) if archive else ():
                if not isinstance(entry, DescriptionError):
                    yield entry


@lru_cache(maxsize=1)
def _fragment_cache(path: str, _changed: int) -> _FragmentCache:
    """Return the cached fragments of *path*. A new modification time makes a new cache."""
    return _FragmentCache(path)
