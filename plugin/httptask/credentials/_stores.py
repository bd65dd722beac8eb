"""The stores that ship: environment variables, and a file that only its owner can read."""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from httptask._core.owner_file import read_owner_file
from httptask._core.strict_json import JsonError, parse
from httptask._http.syntax import split_url
from httptask.errors import CodedError
from httptask.model.credential import Credential, Secret, concealed
from httptask.model.rates import RateLimit

PREFIX = "HTTPTASK_CREDENTIAL_"
"""Only variables that start so are ever read: a definition must not name any other."""

FILE_VARIABLE = "HTTPTASK_CREDENTIALS_FILE"


@functools.lru_cache(1024)
def variable(name: str) -> str:
    """Return the environment variable of the credential *name*: `procore-sandbox` ->
    `..._PROCORE_SANDBOX`.
    """
    return PREFIX + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def credentials_file() -> Path:
    """Return the credentials file: `HTTPTASK_CREDENTIALS_FILE`, else one in the user's
    configuration folder.
    """
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("httptask", appauthor=False)) / "credentials.json"


_FOLDER_VARIABLES = (
    ("HOME", "XDG_CONFIG_HOME") if os.name == "posix" else ("APPDATA", "USERPROFILE")
)


def _variables() -> tuple[str | None, ...]:
    """Return the environment variables that say where the credentials file is."""
    return tuple(map(os.environ.get, (FILE_VARIABLE, *_FOLDER_VARIABLES)))


def from_environment(name: str) -> Credential | None:
    """Return the credential *name* of the environment, or None. Plain text, not an object, is a
    bearer token.
    """
    text = os.environ.get(variable(name))
    return _of_text(name, text) if text else None


@functools.lru_cache(256)  # it is asked for in every attempt
def _of_text(name: str, text: str) -> Credential:
    if not text.lstrip().startswith("{"):
        return Credential(name, "bearer", {"token": Secret(text.strip())})
    try:
        document = parse(text)
    except JsonError as error:
        raise CodedError(
            "credential-store-no-json", source=variable(name), jsonMessage=str(error)
        ) from None  # the cause would quote the value
    return credential_of(name, document, variable(name))


def from_file(name: str) -> Credential | None:
    """Return the credential *name* of the credentials file, or None when there is no such file or
    name.

    Raises `ValueError` for a file that others can read, or that is not a JSON object of objects.
    """
    variables, path = _variables(), credentials_file()
    state, now = _state_of(str(path)), time.time_ns()
    document = stored_credentials()
    if name not in document:
        return None
    credential = credential_of(name, document[name], f"{path}: {name!r}")
    if len(_unchanged) >= _MOST_UNCHANGED:
        _unchanged.clear()
    # A file system's clock has steps: what was changed this moment may change once more within one.
    if state is not None and state == _state_of(str(path)) and max(state[:2]) < now - _STEP:
        _unchanged[name] = variables, str(path), state, credential
    return credential


_State = tuple[int, ...]
_unchanged: dict[str, tuple[tuple[str | None, ...], str, _State, Credential]] = {}
"""By name, what the credentials file held, and the state that it had then."""
_MOST_UNCHANGED = 1024
_STEP = 2_000_000_000
"""Nanoseconds: the coarsest times of a file system that is in use (FAT)."""


def _state_of(path: str) -> _State | None:
    """Return what differs once *path* was written, replaced, or given other permissions."""
    try:
        status = os.stat(path)  # noqa: PTH116 - in every attempt, and twice as fast
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return *times, status.st_mode, status.st_size, status.st_ino, status.st_dev


def from_unchanged_file(name: str) -> Credential | None:
    """Return what `from_file` returned last, if the credentials file has not changed since then;
    else None. It only asks for the state of the file, which takes no thread.
    """
    kept = _unchanged.get(name)
    if kept is None:
        return None
    variables, path, state, credential = kept
    return credential if variables == _variables() and state == _state_of(path) else None


def stored_credentials() -> dict[str, Any]:
    """Return what the credentials file holds; nothing when there is none. Raises `ValueError`."""
    path = credentials_file()
    try:
        data = read_owner_file(path)
    except OSError as error:
        raise CodedError(
            "credential-store-unread", file=str(path), systemMessage=error.strerror or str(error)
        ) from error
    return {} if data is None else parsed_credentials(path, data)


def parsed_credentials(path: Path, data: bytes | str) -> dict[str, Any]:
    """Return the credentials that *data*, the content of *path*, holds. Raises `ValueError`."""
    try:
        document = parse(data)
    except JsonError as error:
        raise CodedError(
            "credential-store-no-json", source=str(path), jsonMessage=str(error)
        ) from None
    if not isinstance(document, dict):
        raise CodedError("credential-store-no-object", file=str(path))
    return document


def credential_document(credential: Credential) -> dict[str, Any]:
    """Return *credential* as it is stored, with its secrets: `credential_of` reads it."""
    origins = {"origins": list(credential.origins)} if credential.origins else {}
    return {"type": credential.scheme, **credential.revealed(), **origins}


def credential_of(name: str, document: Any, where: str) -> Credential:
    """Return the credential *name* that *document* describes. Raises `ValueError`, which says
    *where* it stands and what is wrong.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("type"), str):
        raise CodedError("credential-store-entry", source=where)
    others = ("type", "origins", "rateLimit")
    fields = {field: value for field, value in document.items() if field not in others}
    origins = document.get("origins", [])
    if not isinstance(origins, list) or not all(isinstance(origin, str) for origin in origins):
        raise CodedError("credential-store-origins", source=where)
    for origin in origins:
        try:
            split = split_url(origin)
        except ValueError as error:
            raise CodedError("credential-store-origin", source=where, found=origin) from error
        if (
            split.scheme not in ("http", "https")
            or not split.hostname
            or split.path not in ("", "/")
        ):
            raise CodedError("credential-store-origin", source=where, found=origin)
    # Which fields are secret only the scheme knows: until then, all are.
    try:
        rate_limit = RateLimit.of_json(document.get("rateLimit"))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return Credential(name, document["type"], concealed(fields), tuple(origins), rate_limit)
