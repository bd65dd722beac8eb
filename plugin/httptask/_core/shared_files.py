"""The folder of files that an operator names, and the S3-compatible bucket that may be behind it.

With a bucket each machine has a disk of its own: what one kept, the others fetch when they need it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore

FILES_VARIABLE = "HTTPTASK_FILES"
"""The environment variable in which an operator names the folder."""

BUCKET_VARIABLE = "HTTPTASK_BUCKET"
"""The environment variable in which an operator names the bucket."""

_SCHEME = "s3://"
_PIECE = 1024 * 1024
"""Bytes of an object that are in memory at once."""

_MOST_REASON = 400
"""Characters of what the library says of an error: its own data stand behind."""


@dataclass(frozen=True)
class SharedFiles:
    """The files below *folder*, an absolute path, and in *bucket*, `s3://BUCKET` or
    `s3://BUCKET/PREFIX`; None: there is no bucket.

    Machines that share a bucket give their folders the same path, since that is how files are
    called. Where the bucket is, and who asks, say AWS's own variables (`AWS_ENDPOINT_URL`,
    `AWS_ACCESS_KEY_ID`, ...), else the role of the machine.
    """

    folder: Path
    bucket: str | None = None

    @classmethod
    def named(
        cls, folder: os.PathLike[str] | str | None = None, bucket: str | None = None
    ) -> SharedFiles | None:
        """Return what *folder* and *bucket*, else the operator's variables, name; None without a
        folder.

        Raises `ValueError` for a bucket that is none, that has no folder, or whose library is not
        installed.
        """
        folder = folder or os.environ.get(FILES_VARIABLE)
        bucket = bucket or os.environ.get(BUCKET_VARIABLE) or None
        if not folder:
            if bucket is None:
                return None
            raise ValueError(
                f"the bucket {bucket[:80]} needs a folder on this machine, too: name one with"
                f" --files or {FILES_VARIABLE}, the same path on each machine"
            )
        shared = cls(Path(folder).absolute(), bucket)
        if bucket is not None:
            _ = shared._store
        return shared

    def keep(self, path: Path, content: Path | bytes) -> None:
        """Put what becomes the file *path*, below the folder, into the bucket, if there is one: the
        bytes *content*, or those of the file *content*.

        Raises `OSError` when the bucket does not take it.
        """
        if self.bucket is not None:
            import obstore

            with _translated(self.bucket):
                obstore.put(self._store, self._key(path), content)

    def fetch(self, path: Path) -> bool:
        """Bring the file *path*, below the folder, from the bucket; say whether it was there.

        Raises `OSError` when the bucket cannot be asked, or the file not be written.
        """
        if self.bucket is None:
            return False
        import obstore

        try:
            with _translated(self.bucket):
                pieces = obstore.get(self._store, self._key(path)).stream(min_chunk_size=_PIECE)
                with written_whole(path) as stream:
                    for piece in pieces:
                        stream.write(piece)
        except FileNotFoundError:
            return False
        return True

    def _key(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    @cached_property
    def _store(self) -> ObjectStore:
        bucket = self.bucket or ""
        if not bucket.startswith(_SCHEME) or not bucket.removeprefix(_SCHEME).strip("/"):
            raise ValueError(
                f"the bucket is {bucket[:80]!r}; write it as s3://BUCKET or s3://BUCKET/PREFIX"
            )
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            raise ValueError(
                "a bucket of files needs the library obstore: pip install 'httptask[s3]'"
            ) from error
        # Plain http is what stores in one's own network speak; AWS's own address is https.
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        try:
            return from_url(bucket, client_options={"allow_http": plain})
        except (BaseError, ValueError) as error:
            raise ValueError(
                f"the bucket {bucket[:80]} cannot be used: {_reason(error)}"
            ) from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield the stream whose bytes become the file *path*, and make its folder. Nobody ever
    reads a part of it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _translated(bucket: str) -> Iterator[None]:
    """Raise errors of the bucket, and of names that no object has, as `OSError`."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, ValueError) as error:
        message = f"the bucket {bucket[:80]} does not do it: {_reason(error)}"
        raise OSError(None, message) from error


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0][:_MOST_REASON].strip()
