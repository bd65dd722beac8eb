"""The store for values that are too large for a history: files in a folder that all workers share.

The history holds only the hashes of the values.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
)
from temporalio.exceptions import ApplicationError

from httptask._core.shared_files import SharedFiles, written_whole
from httptask._core.threads import in_thread
from httptask.engines.temporal._arguments import FailedTask
from httptask.engines.temporal._types import SENDING, WORKFLOW
from httptask.errors import EngineError

THRESHOLD = 256 * 1024
"""In bytes. Smaller values stay in the history."""

MOST = 1_900_000
"""The size limit of a value in a history, in bytes. A server takes at most 2 MB."""

_FOLDER = ".httptask-values"
"""The folder of the values, below the folder for files."""

_SAME_FOLDER = "give all workers, and whoever starts runs, the same one (HTTPTASK_FILES or --files)"

_AT_ONCE = 4
"""The number of values read or written at once: each is in memory as a whole."""


def large_values(shared: SharedFiles | None) -> ExternalStorage:
    """Return a store for large values in *shared*.

    *shared* None: all values stay in the history, and a stored value of another process cannot be
    read: the error says what to do.
    """
    driver = FolderDriver(shared)

    def selected(context: StorageDriverSelectContext, payload: Payload) -> StorageDriver | None:
        if shared is None:
            _check_size(payload)
            return None
        return driver

    return ExternalStorage(
        drivers=[driver],
        driver_selector=selected,
        payload_size_threshold=THRESHOLD,
    )


def _check_size(payload: Payload) -> None:
    """Raise a non-retryable failure if *payload* is too large for a server.

    Another attempt of the activity would only repeat its effects and give the same result.
    """
    size = payload.ByteSize()
    if size > MOST:
        raise _final({**too_large(size), "maybeDelivered": _may_have_sent()})


def _final(error: dict[str, Any]) -> ApplicationError:
    """Return the failure of an activity with *error*, as JSON, after which no attempt follows."""
    return ApplicationError(
        error["message"],
        FailedTask(error),
        type=error["error"],
        non_retryable=True,
    )


def _may_have_sent() -> bool:
    """Say whether a running activity may have sent a request; one with a pin sends nothing."""
    return activity.in_activity() and activity.info().activity_type in SENDING


def _must_not_repeat() -> bool:
    """Say whether a running activity may have sent a request that must not be sent again.

    In our workflow its retry policy tells. Another workflow's policy does not know the task.
    """
    if not activity.in_activity():
        return False
    info = activity.info()
    if info.activity_type not in SENDING or info.is_local:
        return False
    policy = info.retry_policy
    is_once = policy is not None and policy.maximum_attempts == 1
    return is_once or info.workflow_type != WORKFLOW


def too_large(size: int) -> dict[str, Any]:
    """Return, as JSON, the error of a task whose result of *size* bytes is too large."""
    error = EngineError(
        f"a value of {size / 1e6:.1f} MB is too large: Temporal takes less than 2 MB; name a folder"
        " that all workers have, and whoever starts runs (HTTPTASK_FILES or --files)"
    ).to_json()
    return {
        **error,
        "kind": "too_large",
        "retryable": False,
        "maybeDelivered": True,
    }


def keeps_large_values(converter: DataConverter) -> bool:
    """Say whether *converter* has a store for large values."""
    storage = converter.external_storage
    if storage is None:
        return False
    return any(
        not isinstance(driver, FolderDriver) or driver.has_folder for driver in storage.drivers
    )


class FolderDriver(StorageDriver):
    """Stores each value in *shared*, as a file named by its SHA-256."""

    def __init__(self, shared: SharedFiles | None) -> None:
        self._shared = shared

    @property
    def has_folder(self) -> bool:
        """Whether there is a folder for values."""
        return self._shared is not None

    def name(self) -> str:
        """Return the name of the driver, which histories contain."""
        return "httptask.folder"

    async def store(
        self,
        context: StorageDriverStoreContext,
        payloads: Sequence[Payload],
    ) -> list[StorageDriverClaim]:
        """Write *payloads*, and return claims with their hashes.

        Raises `EngineError` if one cannot be written; in an activity whose request must not be
        repeated, a non-retryable failure, because another attempt would send it again.
        """
        gate = asyncio.Semaphore(_AT_ONCE)

        async def write(payload: Payload) -> StorageDriverClaim:
            async with gate:
                return StorageDriverClaim(
                    {"sha256": await in_thread(partial(self._write, payload))}
                )

        try:
            return list(await asyncio.gather(*map(write, payloads)))
        except EngineError as error:
            if not _must_not_repeat():
                raise
            unkept = {"kind": "task", "retryable": False, "maybeDelivered": True}
            raise _final({**error.to_json(), **unkept}) from None

    async def retrieve(
        self,
        context: StorageDriverRetrieveContext,
        claims: Sequence[StorageDriverClaim],
    ) -> list[Payload]:
        """Return the values of *claims*.

        Raises `EngineError` if a file is missing, or has been changed.
        """
        gate = asyncio.Semaphore(_AT_ONCE)

        async def read(claim: StorageDriverClaim) -> Payload:
            async with gate:
                return await in_thread(partial(self._read, claim.claim_data["sha256"]))

        return list(await asyncio.gather(*map(read, claims)))

    def _path(self, name: str) -> Path:
        """Return the path of the value with the hash *name*. Raises `EngineError`."""
        if len(name) != 64 or not all(letter in "0123456789abcdef" for letter in name):
            raise EngineError(f"a history refers to a large value by {name!r}, which is no SHA-256")
        if self._shared is None:
            raise EngineError(f"a value of this run is kept in a folder of files; {_SAME_FOLDER}")
        return self._shared.folder / _FOLDER / name[:2] / name

    def _write(self, payload: Payload) -> str:
        """Store *payload* in the folder, and the bucket, and return its hash."""
        data = payload.SerializeToString()
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        try:
            if not path.exists():
                # The bucket first: if the file exists, the bucket has the value, too.
                if self._shared is not None:
                    self._shared.keep(path, data)
                with written_whole(path) as stream:
                    stream.write(data)
        except OSError as error:
            raise EngineError(
                f"a value of {len(data)} bytes cannot be kept in {path.parent}: {error.strerror};"
                " see that the folder of HTTPTASK_FILES or --files can be written, and its bucket"
            ) from error
        return name

    def _read(self, name: str) -> Payload:
        """Return the value with the hash *name*, from the folder, or else from the bucket."""
        path = self._path(name)
        try:
            if not path.exists() and self._shared is not None:
                self._shared.fetch(path)
            data = path.read_bytes()
        except OSError as error:
            raise EngineError(
                f"a value of this run cannot be read from {path}: {error.strerror}; {_SAME_FOLDER}"
            ) from error
        if hashlib.sha256(data).hexdigest() != name:
            raise EngineError(f"the file {path} is not what a run wrote there: it was changed")
        payload = Payload()
        payload.ParseFromString(data)
        return payload
