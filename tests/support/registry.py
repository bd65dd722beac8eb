"""A registry of npm packages on this machine, for the installed npm client."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import servers

Answers = dict[str, bytes]
"""Path -> response."""


def answering(answers: Answers) -> servers.Handler:
    """Answer each path with its response in *answers*, and all others with 404."""

    def handler(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        path = request.split(b" ", 2)[1].decode()
        peer.sendall(
            answers.get(path, servers.response(b"{}", servers.JSON, status="404 Not Found"))
        )
        return True

    return handler


def packed(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


class Registry:
    """A registry of npm packages on this machine."""

    def __init__(self, url: str, answers: Answers) -> None:
        self._url = url
        self._answers = answers
        self._versions: dict[str, dict[str, Any]] = {}

    def publish(
        self,
        name: str,
        version: str,
        files: dict[str, str],
        *,
        integrity: str | None = None,
        **manifest: Any,
    ) -> None:
        """Publish *files* as *version* of the package *name*; *integrity* is a wrong digest."""
        about = {
            "name": name,
            "version": version,
            **manifest,
        }
        archive = packed({"package.json": json.dumps(about), **files})
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
        dist = {"tarball": self._url + path, "integrity": integrity or digest}
        versions = self._versions.setdefault(name, {})
        versions[version] = {**about, "dist": dist}
        packument = {
            "name": name,
            "dist-tags": {"latest": version},
            "versions": versions,
        }
        self._answers[path] = servers.response(
            archive, ("Content-Type", "application/octet-stream")
        )
        self._answers["/" + name.replace("/", "%2f")] = servers.response(
            json.dumps(packument).encode(), servers.JSON
        )


@contextmanager
def npm_registry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Run a registry, and let npm use it, with its cache in *folder* and no user settings."""
    answers: Answers = {}
    with servers.raw_server(answering(answers)) as server:
        npm_is_set_to(monkeypatch, server.url, folder)
        yield Registry(server.url, answers)


def npm_is_set_to(monkeypatch: pytest.MonkeyPatch, url: str, folder: Path) -> None:
    settings = {
        "registry": url,
        "cache": str(folder / "npm-cache"),
        "userconfig": str(folder / "npmrc"),
        "fetch_retries": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"npm_config_{name}", value)
    (folder / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", str(folder / "temporary"))
