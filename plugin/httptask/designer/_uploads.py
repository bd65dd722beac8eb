"""Uploads: files to be sent in a request. A workflow holds a reference, never the bytes.

Uploads are removed when the designer ends, except those in a saved definition, which move to the
folder of files.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.shared_files import SharedFiles
from httptask._core.threads import in_thread
from httptask.building import REFERENCE, is_reference
from httptask.designer._bodies import as_json, pieces
from httptask.designer._problems import Refused

_MOST_KEPT = 200
_MOST_BYTES_KEPT = 4 * 1024 * 1024 * 1024
_PIECE = 1024 * 1024
_UNKNOWN = "there is no such upload; uploads end with the designer"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MEDIA_TYPE = re.compile(
    r"[\w.+-]{1,100}/[\w.+-]{1,100}(\s*;\s*[\w-]{1,40}=[\w.+\"-]{1,100})*", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file."""

    id: str
    path: Path
    name: str
    media_type: str
    size: int
    sha256: str
    saved: bool = False
    """Whether it is in the folder of files, because a definition that uses it was saved."""

    def to_json(self) -> dict[str, Any]:
        """Return the reference for the settings.

        `{"$file": {"upload", "name", "mediaType", "size", "sha256"}}`.
        """
        described = {
            "upload": self.id,
            "name": self.name,
            "mediaType": self.media_type,
        }
        return {"$file": described | {"size": self.size, "sha256": self.sha256}}


class Uploads:
    """Uploaded files in a temporary folder, removed when the designer ends.

    Each has at most *limit* bytes. Uploads in a saved definition move to *files*; None: there is no
    folder of files.
    """

    def __init__(self, limit: int, files: SharedFiles | None = None) -> None:
        self.limit = limit
        self._files = files
        self._folder: Path | None = None
        self._kept: dict[str, Upload] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def add(
        self,
        pieces: AsyncIterator[bytes],
        *,
        name: str,
        media_type: str,
    ) -> Upload:
        """Store the bytes from *pieces*. Raises `Refused` for too many uploads or a full disk."""
        temporary = [upload for upload in self._kept.values() if not upload.saved]
        total = sum(upload.size for upload in temporary)
        if len(temporary) >= _MOST_KEPT or total >= _MOST_BYTES_KEPT:
            raise Refused(
                "too-many",
                f"{len(temporary)} uploads of {total:,} bytes are kept already; remove one first",
            )
        upload_id = secrets.token_urlsafe(18)
        path = self._temporary_folder() / upload_id
        digest = hashlib.sha256()
        size = 0
        try:
            with path.open("xb") as file:
                pending = bytearray()
                async for piece in pieces:
                    size += len(piece)
                    digest.update(piece)
                    pending += piece
                    if len(pending) >= _PIECE:  # in a thread, since a disk may be slow
                        await in_thread(lambda data=bytes(pending): file.write(data))  # type: ignore[misc]
                        pending.clear()
                await in_thread(lambda: file.write(pending))
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Refused("not-saved", f"the upload could not be kept: {error.strerror}") from error
        except BaseException:  # too large, or the page was closed
            path.unlink(missing_ok=True)
            raise
        file_name = Path(name.replace("\\", "/")).name[:255] or "file"
        declared = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
        upload = Upload(upload_id, path, file_name, declared, size, digest.hexdigest())
        self._kept[upload_id] = upload
        return upload

    async def receive(self, request: Request) -> Response:
        """Store a file and answer with its reference."""
        upload = await self.add(
            pieces(request, self.limit),
            name=request.query_params.get("name", "file"),
            media_type=request.headers.get("content-type", ""),
        )
        return as_json(upload.to_json(), 201, {"Location": f"uploads/{upload.id}"})

    async def discard(self, request: Request) -> Response:
        """Remove an upload."""
        self.remove(request.path_params["id"])
        return Response(status_code=204)

    def get(self, upload_id: str) -> Upload:
        """Return an upload. Raises `Refused` if there is none."""
        upload = self._kept.get(upload_id)
        if upload is None:
            raise Refused("unknown-upload", _UNKNOWN)
        return upload

    def path(self, upload_id: str) -> Path | None:
        """Return the path of an upload; None if there is none."""
        upload = self._kept.get(upload_id)
        return upload.path if upload is not None else None

    def remove(self, upload_id: str) -> None:
        """Remove an upload. Raises `Refused` if there is none."""
        upload = self._kept.pop(upload_id, None) if _TOKEN.fullmatch(upload_id) else None
        if upload is None:
            raise Refused("unknown-upload", _UNKNOWN)
        if not upload.saved:
            upload.path.unlink(missing_ok=True)

    def saved(self, value: Any) -> Any:
        """Return *value*, a definition, with its uploads moved to the folder of files.

        References then have the path there. A reference to an unknown upload is left unchanged, and
        validation reports it. Raises `Refused` if an upload cannot be moved.
        """
        if isinstance(value, list):
            return [self.saved(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        reference = value[REFERENCE] if is_reference(value) else None
        upload = (
            self._kept.get(str(reference.get("upload"))) if isinstance(reference, Mapping) else None
        )
        if upload is None or self._files is None or reference is None:
            return {name: self.saved(item) for name, item in value.items()}
        path = self._moved(upload, self._files)
        # The member `upload` becomes `path`, in the same position.
        members = (("path", path) if item[0] == "upload" else item for item in reference.items())
        return {REFERENCE: dict(members)}

    def _moved(self, upload: Upload, files: SharedFiles) -> str:
        """Move *upload* to the folder of *files*; return its path there.

        No existing file is replaced.
        """
        folder = files.folder
        if upload.saved:
            return upload.path.relative_to(folder).as_posix()
        name = PurePath(_NOT_IN_NAMES.sub("_", upload.name).strip(". ") or "file")
        stem = name.stem[:80]
        suffix = name.suffix[:20]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # If the name is taken, a mark is added: the start of the hash, more of the hash, the
            # id.
            for mark in ("", f"-{upload.sha256[:8]}", f"-{upload.sha256[:32]}", f"-{upload.id}"):
                path = folder / f"{stem}{mark}{suffix}"
                if _holds(path, upload):
                    upload.path.unlink(missing_ok=True)
                elif not path.is_symlink() and not path.exists():
                    files.keep(path, upload.path)
                    _copy(upload.path, path)
                    upload.path.unlink(missing_ok=True)
                else:
                    continue
                self._kept[upload.id] = replace(upload, path=path, saved=True)
                return path.relative_to(folder).as_posix()
        except OSError as error:
            detail = (
                f"the file {upload.name!r} could not be put into {folder}: {error.strerror};"
                " nothing was saved"
            )
            raise Refused("not-saved", detail) from error
        raise AssertionError("an upload's own id is in no other file's name")

    def close(self) -> None:
        """Remove every upload."""
        folder = self._folder
        self._folder = None
        self._kept.clear()
        if folder is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)

    def _temporary_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="httptask-uploads-"))
        return self._folder


_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
"""Characters that a file name cannot have on every system."""


def _holds(path: Path, upload: Upload) -> bool:
    """Say whether the file at *path* has the bytes of *upload*, which then need no second copy."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != upload.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == upload.sha256


def _copy(source: Path, target: Path) -> None:
    """Copy *source* to the new file *target*. On failure, no partial file is left."""
    try:
        with source.open("rb") as reading, target.open("xb") as writing:
            shutil.copyfileobj(reading, writing)
    except FileExistsError:
        raise
    except OSError:
        target.unlink(missing_ok=True)
        raise
