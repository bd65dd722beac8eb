"""Importing many descriptions: folders, archives, several processes, what is unchanged, and what a
kill leaves.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from httptask.catalogue import Catalogue
from httptask.importers import read_api
from imports import API, description, folder_of, is_running, running, until
from servers import HANG_SECONDS


def command(catalogue: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "httptask", "import", "--catalogue", str(catalogue), *words]


def imported(catalogue: Path, *words: str, status: int = 0, stdin: bytes = b"") -> Any:
    """Run `httptask import --json` and return its report."""
    done = subprocess.run(
        [*command(catalogue, *words), "--json"],
        input=stdin,
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode == status, done.stderr.decode()
    return json.loads(done.stdout)


def held(catalogue: Path) -> list[Any]:
    """Everything a catalogue holds, as JSON."""
    with Catalogue.open(catalogue) as opened:
        return [endpoint.to_json() for endpoint in opened.endpoints()]


def counted(report: Any) -> dict[str, int]:
    names = ("added", "replaced", "unchanged", "removed")
    return {
        name: sum(source["catalogue"].get(name, 0) for source in report["sources"])
        for name in names
    }


def test_several_processes_make_the_same_catalogue_as_one(tmp_path: Path) -> None:
    """A folder is read by several processes; each of its files by itself, by one: not a byte of an
    endpoint differs.
    """
    folder = folder_of(tmp_path / "apis", 12)
    report = imported(tmp_path / "many.sqlite3", str(folder))
    assert counted(report) == {"added": 36, "replaced": 0, "unchanged": 0, "removed": 0}
    for path in sorted(folder.iterdir()):
        imported(tmp_path / "one.sqlite3", str(path))
    assert held(tmp_path / "many.sqlite3") == held(tmp_path / "one.sqlite3")


def test_what_is_unchanged_is_not_read_again_and_one_change_touches_its_own_endpoints(
    tmp_path: Path,
) -> None:
    """The second time nothing is read; then of one changed file one endpoint is added, one changed,
    one removed.
    """
    folder, catalogue = folder_of(tmp_path / "apis", 8), tmp_path / "c.sqlite3"
    imported(catalogue, str(folder))
    before = {endpoint["path"]: endpoint for endpoint in held(catalogue)}
    again = imported(catalogue, str(folder))
    assert counted(again)["unchanged"] == 24
    assert all("endpoints" not in source for source in again["sources"]), "it was read again"
    changed = description(3)
    paths = changed["paths"]
    paths["/things3/new"] = paths.pop("/things3/0")
    paths["/things3/1"]["post"] = {**paths["/things3/1"]["post"], "summary": "Another"}
    (folder / "api003.json").write_text(json.dumps(changed))
    assert counted(imported(catalogue, str(folder))) == {
        "added": 1,
        "replaced": 1,
        "unchanged": 22,
        "removed": 1,
    }
    after = {endpoint["path"]: endpoint for endpoint in held(catalogue)}
    assert set(after) ^ set(before) == {"/things3/0", "/things3/new"}
    assert [path for path in after if path in before and after[path] != before[path]] == [
        "/things3/1"
    ]


def test_a_part_that_changes_is_noticed_although_the_description_did_not(tmp_path: Path) -> None:
    """A description of several files is read again every time: any of them may have changed."""
    folder, catalogue = tmp_path / "apis", tmp_path / "c.sqlite3"
    folder_of(folder, 6)
    part = folder / "part.json"
    part.write_text('{"type": "string"}')
    whole = description(9, 1)
    whole["paths"]["/things9/0"]["post"]["requestBody"]["content"]["application/json"]["schema"] = {
        "$ref": "part.json"
    }
    (folder / "whole.json").write_text(json.dumps(whole))
    imported(catalogue, str(folder))
    part.write_text('{"type": "integer"}')
    assert counted(imported(catalogue, str(folder)))["replaced"] == 1
    (endpoint,) = [each for each in held(catalogue) if each["path"] == "/things9/0"]
    assert list(endpoint["$defs"].values()) == [{"type": "integer"}]


def packed(kind: str, folder: Path) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, f"apis/{path.name}")
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            tar.add(folder, "apis")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("through", ["file", "standard input"])
def test_an_archive_is_read_like_the_folder_it_holds(
    kind: str, through: str, tmp_path: Path
) -> None:
    """Named or through a pipe; the endpoints are those of the folder, but for the name of their
    source.
    """
    folder = folder_of(tmp_path / "apis", 6)
    data = packed(kind, folder)
    if through == "file":
        (tmp_path / f"apis.{kind}").write_bytes(data)
        report = imported(tmp_path / "a.sqlite3", str(tmp_path / f"apis.{kind}"))
    else:
        report = imported(tmp_path / "a.sqlite3", "-", stdin=data)
    assert counted(report)["added"] == 18
    imported(tmp_path / "f.sqlite3", str(folder))
    without = [{**each, "source": ""} for each in held(tmp_path / "a.sqlite3")]
    assert without == [{**each, "source": ""} for each in held(tmp_path / "f.sqlite3")]


def test_checking_says_everything_and_writes_nothing(tmp_path: Path) -> None:
    """Each note with its pointer, each endpoint; exit status 2 for what cannot be read; no
    catalogue is made.
    """
    good = description(1)
    good["paths"]["/things1/0"]["post"]["parameters"] = [
        {"name": "p", "in": "nowhere"},
        {"in": "query"},
    ]
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "bad.json").write_text('{"openapi": "3.0.0", "paths": ')
    catalogue = tmp_path / "c.sqlite3"
    report = imported(
        catalogue, str(tmp_path / "good.json"), str(tmp_path / "bad.json"), "--check", status=2
    )
    (source,) = report["sources"]
    assert len(source["endpoints"]) == 3
    pointers = [note["pointer"] for note in source["notes"] if note["kind"] == "skipped"]
    assert pointers == [f"/paths/~1things1~10/post/parameters/{index}" for index in (0, 1)]
    (failed,) = report["failed"]
    assert failed["line"] == 1
    assert "bad.json" in failed["source"]
    assert not catalogue.exists()


def test_a_folder_of_one_description_and_its_parts_has_one_source(tmp_path: Path) -> None:
    """Parts are not read by themselves and are no failures."""
    (tmp_path / "apis" / "schemas").mkdir(parents=True)
    (tmp_path / "apis" / "schemas" / "thing.yaml").write_text(
        "type: object\nproperties:\n  on: {type: string}\n"
    )
    whole = description(1, 1)
    schema = {"$ref": "./schemas/thing.yaml"}
    whole["paths"]["/things1/0"]["post"]["requestBody"]["content"]["application/json"]["schema"] = (
        schema
    )
    (tmp_path / "apis" / "openapi.json").write_text(json.dumps(whole))
    report = imported(tmp_path / "c.sqlite3", str(tmp_path / "apis"))
    assert [len(source["endpoints"]) for source in report["sources"]] == [1]
    assert report["failed"] == []
    (endpoint,) = [each for each in held(tmp_path / "c.sqlite3") if each["path"] == "/things1/0"]
    assert endpoint["$defs"] == {
        "thing": {"type": "object", "properties": {"on": {"type": "string"}}}
    }


@pytest.fixture
def importing(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, list[int]]]:
    """An import of 60 descriptions with 100 operations each, when a part of it has been written;
    and its children.
    """
    folder, catalogue = folder_of(tmp_path / "apis", 60, 100), tmp_path / "c.sqlite3"
    Catalogue.open(catalogue).close()
    process = subprocess.Popen(
        command(catalogue, str(folder)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        with closing(sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)) as reader, reader:
            until(lambda: reader.execute("SELECT count(*) FROM endpoint").fetchone()[0] > 1_000)
        yield process, catalogue, running(process.pid)
    finally:
        process.kill()
        process.communicate()


def test_a_killed_import_leaves_every_source_whole_or_absent(
    importing: tuple[subprocess.Popen[bytes], Path, list[int]],
) -> None:
    """kill -9 while it writes: the file is sound, no API is there by half, the other processes end,
    and it can go on.
    """
    process, catalogue, children = importing
    process.kill()
    process.wait()
    with closing(sqlite3.connect(catalogue)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    by_source: dict[str, int] = {}
    for endpoint in held(catalogue):
        by_source[endpoint["source"]] = by_source.get(endpoint["source"], 0) + 1
    imported_ones = {
        source: count for source, count in by_source.items() if source.endswith(".json")
    }
    assert set(imported_ones.values()) == {100}
    assert 10 <= len(imported_ones) < 60
    until(lambda: not any(map(is_running, children)))
    report = imported(catalogue, str(catalogue.parent / "apis"))
    done = counted(report)
    assert (done["added"], done["unchanged"]) == (
        6_000 - 100 * len(imported_ones),
        100 * len(imported_ones),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent as a terminal does on Unix")
def test_ctrl_c_ends_an_import_and_its_processes(
    importing: tuple[subprocess.Popen[bytes], Path, list[int]],
) -> None:
    """Status 130, one word, no traceback of any process, and none is left."""
    process, _, children = importing
    assert children
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert b"stopped" in said
    assert b"Traceback" not in said
    until(lambda: not any(map(is_running, children)))


def test_others_read_while_one_imports(
    importing: tuple[subprocess.Popen[bytes], Path, list[int]],
) -> None:
    """Search and get answer at every moment of an import, with what was complete before."""
    process, catalogue, _ = importing
    with Catalogue.open(catalogue) as reader:
        answered = 0
        while process.poll() is None or not answered:
            hits = reader.search("make thing", limit=5)
            assert hits
            assert reader.get(hits[0].id).id == hits[0].id
            answered += 1
    assert process.returncode == 0


def test_check_and_import_give_the_same_notes(tmp_path: Path) -> None:
    """What is wrong in shared schemas, and in those that they refer to, is told whether or not
    anything is stored.
    """
    parts = {
        "Outer": {
            "type": "object",
            "properties": {"inner": {"$ref": "#/components/schemas/Inner"}},
        },
        "Inner": {
            "type": "object",
            "properties": {"a": {"type": "strange"}, "b": {"$ref": "#/components/schemas/No"}},
        },
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outer"}}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "", **body}}}
    api = {**API, "components": {"schemas": parts}, "paths": {"/a": {"post": operation}}}
    (tmp_path / "api.json").write_text(json.dumps(api))
    lists = [
        imported(tmp_path / "c", str(tmp_path / "api.json"), *words)["sources"]
        for words in (["--check"], [])
    ]
    (checked,), (stored,) = lists
    assert (
        checked["notes"]
        == stored["notes"]
        == [n.to_json() for n in read_api(tmp_path / "api.json").notes]
    )
    assert [note["pointer"] for note in checked["notes"]] == [
        "/info",
        "/components/schemas/Inner/properties/a/type",
        "/components/schemas/Inner/properties/b",
    ]


def test_an_import_names_the_ids_that_are_stored(tmp_path: Path) -> None:
    """Two APIs of a provider with one path: each source's endpoints are named as `show` finds
    them.
    """
    for name in ("one", "two"):
        api = {
            **API,
            "info": {"title": name, "version": "1"},
            "paths": {"/a": {"get": {"summary": name}}},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(api))
    names = [str(tmp_path / f"{name}.json") for name in ("one", "two")]
    for _ in range(2):  # the first time, and unchanged
        sources = imported(tmp_path / "c", *names)["sources"]
        ids = [source["endpoints"][0]["id"] for source in sources]
        with Catalogue.open(tmp_path / "c") as catalogue:
            assert [catalogue.get(id_).title for id_ in ids] == ["one", "two"]


@pytest.mark.parametrize(
    "paths", [{}, {"$ref": "gone.json"}, {"/a": {"get": {}}, "/b": {"$ref": "#/none"}}]
)
def test_a_description_that_is_read_in_part_ends_with_status_1(
    tmp_path: Path, paths: dict[str, Any]
) -> None:
    """The rest is imported; what is lost is an error with its place, checked or imported."""
    (tmp_path / "api.json").write_text(json.dumps({**API, "paths": paths}))
    for words in (["--check"], []):
        (source,) = imported(tmp_path / "c", str(tmp_path / "api.json"), *words, status=1)[
            "sources"
        ]
        assert any(note.get("severity") == "error" and note["message"] for note in source["notes"])
        assert [each["path"] for each in source["endpoints"]] == [
            path for path in paths if path == "/a"
        ]


def test_notes_that_say_the_same_are_one_line(tmp_path: Path) -> None:
    """Twenty equal notes are one line with the first places and their number; JSON has each."""
    operations = {
        f"/p{number}": {"get": {"responses": {}, "x": 1, "parameters": [{"name": "q"}]}}
        for number in range(20)
    }
    document = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": operations}
    (tmp_path / "api.json").write_text(json.dumps(document))
    check = command(tmp_path / "c", str(tmp_path / "api.json"), "--check")
    told = subprocess.run(check, capture_output=True, text=True, check=False)
    lines = [line for line in told.stdout.splitlines() if "/parameters/0" in line]
    assert len(lines) == 1, told.stdout
    assert "/paths/~1p0/get/parameters/0: " in lines[0]
    assert (
        "(and 19 more: /paths/~1p1/get/parameters/0, /paths/~1p2/get/parameters/0, …)" in lines[0]
    )
    (source,) = imported(tmp_path / "c", str(tmp_path / "api.json"), "--check")["sources"]
    assert sum("/parameters/0" in str(note["pointer"]) for note in source["notes"]) == 20
