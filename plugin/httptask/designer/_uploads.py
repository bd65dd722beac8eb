"""Uploads: files on their way into a request. A workflow holds a reference, never the bytes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httptask._threads import in_thread
from httptask.designer._problems import Refused

_MOST_KEPT = 200
_MOST_BYTES_KEPT = 4 * 1024 * 1024 * 1024
_PIECE = 1024 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(\s*;\s*[\w-]{1,40}=[\w.+\"-]{1,100})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded."""

    id: str
    path: Path
    name: str
    media_type: str
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the reference that stands in the settings: `{"$file": {"upload", "name", "mediaType", "size", "sha256"}}`."""
        described = {"upload": self.id, "name": self.name, "mediaType": self.media_type}
        return {"$file": described | {"size": self.size, "sha256": self.sha256}}


class Uploads:
    """Files in a temporary folder of their own, gone when the designer ends. Each has at most *limit* bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._folder: Path | None = None
        self._kept: dict[str, Upload] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def add(self, pieces: AsyncIterator[bytes], *, name: str, media_type: str) -> Upload:
        """Keep what *pieces* bring. Raises `Refused` when there are too many, or the disk is full."""
        kept = sum(upload.size for upload in self._kept.values())
        if len(self._kept) >= _MOST_KEPT or kept >= _MOST_BYTES_KEPT:
            raise Refused("too-many", f"{len(self._kept)} uploads of {kept:,} bytes are kept already; remove one first")
        upload_id = secrets.token_urlsafe(18)
        path = self._place() / upload_id
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as file:
                waiting = bytearray()
                async for piece in pieces:
                    size += len(piece)
                    digest.update(piece)
                    waiting += piece
                    if len(waiting) >= _PIECE:  # off the event loop: a disk may be slow
                        await in_thread(lambda data=bytes(waiting): file.write(data))  # type: ignore[misc]
                        waiting.clear()
                await in_thread(lambda: file.write(waiting))
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Refused("not-saved", f"the upload could not be kept: {error.strerror}") from error
        except BaseException:  # too large, or the page went away
            path.unlink(missing_ok=True)
            raise
        shown = Path(name.replace("\\", "/")).name[:255] or "file"
        declared = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
        upload = Upload(upload_id, path, shown, declared, size, digest.hexdigest())
        self._kept[upload_id] = upload
        return upload

    def path(self, upload_id: str) -> Path | None:
        """Return where an upload lies; None when there is none."""
        upload = self._kept.get(upload_id)
        return upload.path if upload is not None else None

    def remove(self, upload_id: str) -> None:
        """Remove an upload. Raises `Refused` when there is none."""
        upload = self._kept.pop(upload_id, None) if _TOKEN.fullmatch(upload_id) else None
        if upload is None:
            raise Refused("unknown-upload", "there is no such upload; uploads end with the designer")
        upload.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove every upload."""
        folder, self._folder = self._folder, None
        self._kept.clear()
        if folder is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="httptask-uploads-"))
        return self._folder
