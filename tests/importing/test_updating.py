"""`update`: descriptions read again from where they came from, what changed, and which tasks that
breaks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import servers
from httptask.catalogue import Catalogue
from httptask.cli import main
from imports import LOCAL, as_json, description, paths
from registry import Answers, Registry, answering

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs a command, and returns its status, stdout and stderr."""

    def command(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def before() -> dict[str, Any]:
    return description(1, 2)


def after() -> dict[str, Any]:
    """The same, with a required field in the first operation's body of its own, and another
    operation for the second.
    """
    api = description(1, 2)
    name = {"type": "object", "required": ["colour"], "properties": {"colour": {"type": "string"}}}
    api["paths"]["/things1/0"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": name}},
    }
    api["paths"]["/new"] = {"get": {"summary": "New", "responses": {}}}
    del api["paths"]["/things1/1"]
    return api


def definition(folder: Path) -> str:
    """A definition with a task for the first operation."""
    with Catalogue.open() as catalogue:
        (hit,) = [hit for hit in catalogue.search("things1") if hit.path == "/things1/0"]
    request = {
        "url": "https://api.things.example/v1/things1/0",
        "method": "POST",
        "body": {"name": "Axe"},
    }
    task = {"type": "Http", "endpoint": hit.id, "httpRequest": request, "end": True}
    path = folder / "flow.json"
    path.write_text(json.dumps({"startTask": "Make", "tasks": {"Make": task}}, indent=1))
    return str(path)


def test_a_file_is_read_again_wherever_the_command_is_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed is told as `diff` tells it, the catalogue has the new version, and a second
    update finds nothing.
    """
    monkeypatch.chdir(tmp_path)
    Path("things.json").write_text(json.dumps(before()))
    assert run("import", "things.json")[0] == 0
    Path("things.json").write_text(json.dumps(after()))
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    status, out, err = run("update")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "things.json:",
        "added    GET /new  New",
        "removed  POST /things1/1  Make thing 1",
        "changed  POST /things1/0",
        *[line for line in out.splitlines() if line.startswith("  ")],
        "1 added, 1 removed, 1 changed, 0 unchanged",
        "1 description changed, 0 unchanged",
    ]
    assert "  ! body.colour: added, required" in out or "  ! body.colour" in out
    assert paths() == {"/things1/0", "/new"}
    assert run("update")[1] == "0 descriptions changed, 1 unchanged\n"


def test_a_task_that_breaks_is_told_with_status_1(run: Run, tmp_path: Path) -> None:
    """In words and in JSON, each with its definition; a definition whose tasks are for something
    else is not named.
    """
    path = tmp_path / "things.json"
    path.write_text(json.dumps(before()))
    run("import", str(path))
    flow = definition(tmp_path)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"startTask": "End", "tasks": {"End": {"type": "Terminate"}}}))
    words = ("update", "--definition", flow, "--definition", str(other))
    path.write_text(json.dumps(after()))
    status, out, _ = run(*words)
    assert status == 1
    assert f"{flow}: breaks   the task 'Make'" in out
    assert "'colour' is required" in out
    assert str(other) not in out
    path.write_text(json.dumps(before()))
    assert run(*words)[0] == 0  # the task is right again
    path.write_text(json.dumps(after()))
    status, out, _ = run(*words, "--json")
    (source,) = json.loads(out)["sources"]
    assert status == 1
    assert [(task["definition"], task["task"]) for task in source["broken"]] == [(flow, "Make")]
    assert [endpoint["path"] for endpoint in source["added"]] == ["/new"]


def test_a_folder_keeps_the_names_that_it_was_imported_by(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New descriptions in it come in, unchanged ones are not read, and one that is gone is kept and
    named.
    """
    monkeypatch.chdir(tmp_path)
    Path("apis").mkdir()
    for number in range(3):
        Path(f"apis/{number}.json").write_text(json.dumps(description(number, 1)))
    run("import", "./apis")
    Path("apis/0.json").unlink()
    Path("apis/1.json").write_text(json.dumps(description(1, 2)))
    Path("apis/3.json").write_text(json.dumps(description(3, 1)))
    status, out, _ = run("update", "--json")
    told = json.loads(out)
    assert status == 0
    assert [source["source"] for source in told["sources"]] == ["apis/1.json", "apis/3.json"]
    assert (told["unchanged"], told["gone"]) == (1, ["apis/0.json"])
    assert paths() == {"/things0/0", "/things1/0", "/things1/1", "/things2/0", "/things3/0"}


def test_a_package_is_fetched_again(registry: Registry, run: Run) -> None:
    """The latest version now; what was unchanged in it is not read."""
    registry.publish(
        "apis", "1.0.0", {"a.json": json.dumps(before()), "b.json": json.dumps(description(2, 1))}
    )
    assert run("import", "npm:apis")[0] == 0
    registry.publish(
        "apis", "1.1.0", {"a.json": json.dumps(after()), "b.json": json.dumps(description(2, 1))}
    )
    status, out, err = run("update", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert [source["source"] for source in told["sources"]] == ["npm:apis/package/a.json"]
    assert told["unchanged"] == 1


def test_an_address_is_asked_again_through_the_same_guard(run: Run) -> None:
    """What an operator allowed for the import is not remembered."""
    answers: Answers = {"/api": as_json(before())}
    with servers.raw_server(answering(answers)) as server:
        assert run("import", f"{server.url}/api", *LOCAL)[0] == 0
        answers["/api"] = as_json(after())
        status, _, err = run("update")
        assert status == 2
        assert "is refused" in err
        assert paths() == {"/things1/0", "/things1/1"}
        status, out, _ = run("update", *LOCAL)
    assert status == 0
    assert "1 added, 1 removed, 1 changed" in out


def test_what_was_said_at_the_import_holds_again(run: Run, tmp_path: Path) -> None:
    """The provider and the servers that were given."""
    path = tmp_path / "things.json"
    path.write_text(json.dumps(before()))
    run("import", str(path), "--provider", "acme", "--server", "https://acme.example")
    path.write_text(json.dumps(after()))
    assert "1 added, 1 removed, 1 changed" in run("update", "acme")[1]
    with Catalogue.open() as catalogue:
        (endpoint,) = [each for each in catalogue.endpoints() if each.path == "/new"]
    assert (endpoint.provider, endpoint.servers[0].url) == ("acme", "https://acme.example")


def test_only_one_provider_is_read_again(run: Run, tmp_path: Path) -> None:
    """The others stay as they are; one that there is not is refused with the nearest."""
    for name in ("acme", "other"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(before()))
        run("import", str(path), "--provider", name)
        path.write_text(json.dumps(after()))
    told = json.loads(run("update", "acme", "--json")[1])
    assert [source["source"] for source in told["sources"]] == [str(tmp_path / "acme.json")]
    status, _, err = run("update", "acmee")
    assert status == 2
    assert "did you mean acme?" in err


def test_what_cannot_be_read_any_more_stays_in_the_catalogue(run: Run, tmp_path: Path) -> None:
    """It is told with status 2, and keeps no other from being read."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps(description(1 if name == "one" else 2, 1))
        )
        run("import", str(tmp_path / f"{name}.json"))
    (tmp_path / "one.json").unlink()
    (tmp_path / "two.json").write_text(json.dumps(description(2, 2)))
    status, out, err = run("update")
    assert status == 2
    assert "one.json: there is no such file" in err
    assert "1 description changed" in out
    assert paths() == {"/things1/0", "/things2/0", "/things2/1"}


def test_a_catalogue_of_the_version_before_is_converted_and_learns_its_origins(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it is lost; importing what is unchanged again is enough for `update` to know where
    it came from.
    """
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "a.json").write_text(json.dumps(before()))
    file = tmp_path / "old.sqlite3"
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(file))
    run("import", str(tmp_path / "apis"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE description DROP COLUMN origin")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    status, _, err = run("update")
    assert status == 2
    assert "its source is not known" in err
    assert paths() == {"/things1/0", "/things1/1"}
    assert "2 unchanged" in run("import", str(tmp_path / "apis"))[1]
    assert run("update")[1] == "0 descriptions changed, 1 unchanged\n"
