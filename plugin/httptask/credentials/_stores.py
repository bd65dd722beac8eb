"""The built-in credential stores: environment variables, and a file that only its owner can
read.
"""

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
"""Only variables with this prefix are read: a workflow definition must not reach any other."""

FILE_VARIABLE = "HTTPTASK_CREDENTIALS_FILE"


@functools.lru_cache(1024)
def variable(name: str) -> str:
    """Return the name of the environment variable for the credential *name*.

    For `procore-sandbox` it is `HTTPTASK_CREDENTIAL_PROCORE_SANDBOX`.
    """
    return PREFIX + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def credentials_file() -> Path:
    """Return the path of the credentials file: `HTTPTASK_CREDENTIALS_FILE`, else a file in the
    user's configuration folder.
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
    """Return the values of the environment variables that decide where the credentials file is."""
    return tuple(map(os.environ.get, (FILE_VARIABLE, *_FOLDER_VARIABLES)))


def from_environment(name: str) -> Credential | None:
    """Return the credential *name* from the environment, or None.

    A value that is not a JSON object is a bearer token. Raises `ValueError` for an invalid one.
    """
    text = os.environ.get(variable(name))
    return _of_text(name, text) if text else None


@functools.lru_cache(256)  # every attempt reads the credential
def _of_text(name: str, text: str) -> Credential:
    if not text.lstrip().startswith("{"):
        return Credential(name, "bearer", {"token": Secret(text.strip())})
    try:
        document = parse(text)
    except JsonError as error:
        raise CodedError(
            "credential-store-no-json", source=variable(name), jsonMessage=str(error)
        ) from None  # the cause would quote the secret
    return credential_of(name, document, variable(name))


def from_file(name: str) -> Credential | None:
    """Return the credential *name* from the credentials file, or None without the file or the name.

    Raises `ValueError` for a file that others can read, or that is not a JSON object of objects.
    """
    variables = _variables()
    path = credentials_file()
    state = _state_of(str(path))
    now = time.time_ns()
    document = stored_credentials()
    if name not in document:
        return None
    credential = credential_of(name, document[name], f"{path}: {name!r}")
    if len(_unchanged) >= _MOST_UNCHANGED:
        _unchanged.clear()
    # File times are coarse: a file that was changed a moment ago can change again without getting
    # another time. So keep the credential only if the last change is old enough.
    if state is not None and state == _state_of(str(path)) and max(state[:2]) < now - _STEP:
        _unchanged[name] = variables, str(path), state, credential
    return credential


_State = tuple[int, ...]
_unchanged: dict[str, tuple[tuple[str | None, ...], str, _State, Credential]] = {}
"""Name -> the variables and the path that led to the file, the file's state, and the credential."""
_MOST_UNCHANGED = 1024
_STEP = 2_000_000_000
"""The coarsest resolution of file times in use, that of FAT, in nanoseconds."""


def _state_of(path: str) -> _State | None:
    """Return a value that changes when the file *path* is written, replaced, or gets other
    permissions; None if the file cannot be found.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - twice as fast as Path.stat, and every attempt calls it
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return *times, status.st_mode, status.st_size, status.st_ino, status.st_dev


def from_unchanged_file(name: str) -> Credential | None:
    """Return the last result of `from_file` for *name* if the file has not changed since, or None.

    This only checks the state of the file, which is fast enough for an event loop.
    """
    unchanged = _unchanged.get(name)
    if unchanged is None:
        return None
    variables, path, state, credential = unchanged
    if variables == _variables() and state == _state_of(path):
        return credential
    return None


def stored_credentials() -> dict[str, Any]:
    """Return the content of the credentials file; {} without the file. Raises `ValueError`."""
    path = credentials_file()
    try:
        data = read_owner_file(path)
    except OSError as error:
        raise CodedError(
            "credential-store-unread",
            file=str(path),
            systemMessage=error.strerror or str(error),
        ) from error
    if data is None:
        return {}
    return parsed_credentials(path, data)


def parsed_credentials(path: Path, data: bytes | str) -> dict[str, Any]:
    """Parse *data*, the content of the credentials file *path*. Raises `ValueError`."""
    try:
        document = parse(data)
    except JsonError as error:
        raise CodedError(
            "credential-store-no-json",
            source=str(path),
            jsonMessage=str(error),
        ) from None
    if not isinstance(document, dict):
        raise CodedError("credential-store-no-object", file=str(path))
    return document


def credential_document(credential: Credential) -> dict[str, Any]:
    """Return *credential* as stored JSON, with its secrets. `credential_of` is the reverse."""
    origins = {"origins": list(credential.origins)} if credential.origins else {}
    return {
        "type": credential.scheme,
        **credential.revealed(),
        **origins,
    }


def credential_of(name: str, document: Any, where: str) -> Credential:
    """Convert *document*, stored JSON, to the credential *name*.

    *where* describes the place of *document*, for messages. Raises `ValueError`.
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
    # All fields are secret until the auth scheme, which knows the secret ones, is looked up.
    try:
        rate_limit = RateLimit.of_json(document.get("rateLimit"))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return Credential(name, document["type"], concealed(fields), tuple(origins), rate_limit)
