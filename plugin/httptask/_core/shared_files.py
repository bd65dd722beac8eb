"""The operator's folder of files, and an optional S3-compatible bucket behind it.

With a bucket, machines need no shared disk: each fetches the files that another one has kept.
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
"""The environment variable with the path of the folder."""

BUCKET_VARIABLE = "HTTPTASK_BUCKET"
"""The environment variable with the URL of the bucket."""

_SCHEME = "s3://"
_PIECE = 1024 * 1024
"""Bytes of an object to read at a time."""

_MOST_REASON = 400
"""The most characters of the library's error message that are shown; debug data follow them."""


@dataclass(frozen=True)
class SharedFiles:
    """The files below *folder*, an absolute path, and in *bucket*, if there is one.

    *bucket* is `s3://BUCKET` or `s3://BUCKET/PREFIX`. Machines that share a bucket must use the
    same path for the folder, because references contain it. The server of the bucket and the access
    key come from AWS's variables (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...), else from the role
    of the machine.
    """

    folder: Path
    bucket: str | None = None

    @classmethod
    def named(
        cls,
        folder: os.PathLike[str] | str | None = None,
        bucket: str | None = None,
    ) -> SharedFiles | None:
        """Return the files in *folder* and *bucket*, by default those in the environment variables.

        Returns None without a folder. Raises `ValueError` for an invalid bucket, a bucket without a
        folder, and if the library for buckets is not installed.
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
        if Path(folder).is_file():
            raise ValueError(
                f"{os.fspath(folder)!r} is a file ({FILES_VARIABLE}, --files): name a folder"
            )
        shared = cls(Path(folder).absolute(), bucket)
        if bucket is not None:
            # Opened now: a missing library or a wrong name is reported at the start, not by the
            # first file.
            _ = shared._store
        return shared

    def keep(self, path: Path, content: Path | bytes) -> None:
        """Upload *content*, bytes or a file, to the bucket, if there is one.

        *path* is the path below the folder under which the file is kept. Raises `OSError` if the
        upload fails.
        """
        if self.bucket is not None:
            import obstore

            with _translated(self.bucket):
                obstore.put(self._store, self._key(path), content)

    def fetch(self, path: Path) -> bool:
        """Download the file *path*, below the folder, and say whether the bucket has it.

        Raises `OSError` if the bucket cannot be reached, or the file cannot be written.
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
        # Stores in private networks often use plain http; the default URL of AWS is https.
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        try:
            return from_url(bucket, client_options={"allow_http": plain})
        except (BaseError, ValueError) as error:
            raise ValueError(
                f"the bucket {bucket[:80]} cannot be used: {_reason(error)}"
            ) from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream for the content of the file *path*, and make its folder if necessary.

    The file appears at *path* only when it is complete, after the block.
    """
    path.parent.mkdir(
        mode=0o700,
        parents=True,
        exist_ok=True,
    )
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
    """Convert errors of the bucket, and of invalid object names, to `OSError`."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, ValueError) as error:
        message = f"the bucket {bucket[:80]} does not do it: {_reason(error)}"
        raise OSError(None, message) from error


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0][:_MOST_REASON].strip()
