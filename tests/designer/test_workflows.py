"""Workflow definitions behind the designer: read as they are, saved whole, never over somebody
else's changes.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import JSON, RunningDesigner, running_designer

DEFINITION: dict[str, Any] = {
    "name": "First",
    "startTask": "A",
    "tasks": {"A": {"type": "Terminate", "terminationStatus": "Completed"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "definitions"
    place.mkdir()
    (place / "first.json").write_text(json.dumps(DEFINITION))
    return place


@pytest.fixture
def designer(tmp_path: Path, folder: Path) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


def test_list_and_config(designer: RunningDesigner, folder: Path) -> None:
    """Every definition of the folder is listed; a broken one says what is wrong with it. JSON that
    is something else is not, and a note says so of tasks.
    """
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[]")
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.json").write_text("{}")
    (folder / "input.json").write_text('{"customer": 7}')
    (folder / "openapi.json").write_text('{"openapi": "3.1.0"}')
    (folder / "task.json").write_text('{"type": "Http", "end": true}')
    listing = designer.client.get("workflows").json()
    items = listing["items"]
    assert [item["id"] for item in items] == ["broken", "first"]
    (note,) = listing["notes"]
    assert note.startswith("skipped: task.json: this is one task, and no workflow definition")
    assert items[1] == {"id": "first", "name": "First", "tasks": 1}
    assert "line 1" in items[0]["broken"]


def test_first_definition_is_opened_first(designer: RunningDesigner, folder: Path) -> None:
    """The page opens the first definition there is."""
    assert designer.client.get("config").json()["workflow"] == "first"
    (folder / "another.json").write_text("{}")
    assert designer.client.get("config").json()["workflow"] == "another"


def test_read_as_it_is(designer: RunningDesigner, folder: Path) -> None:
    """A definition comes byte for byte, with a tag; asked for again with the tag it does not
    come.
    """
    text = '{"startTask": "A",\n\n  "tasks": {}, "mine": 1.50, "null": null}'
    (folder / "first.json").write_text(text)
    answer = designer.client.get("workflows/first")
    assert answer.text == text
    again = designer.client.get(
        "workflows/first", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_save(designer: RunningDesigner, folder: Path) -> None:
    """With the tag of what is replaced a definition is saved; the file is JSON for people, its mode
    is kept, nothing else is left.
    """
    path = folder / "first.json"
    path.chmod(0o640)
    etag = designer.client.get("workflows/first").headers["etag"]
    changed = DEFINITION | {"name": "Größer"}
    answer = designer.client.put("workflows/first", json=changed, headers={"If-Match": etag})
    assert (answer.status_code, answer.json()) == (200, changed)
    assert (
        path.read_text(encoding="utf-8") == json.dumps(changed, indent=2, ensure_ascii=False) + "\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in folder.iterdir()] == ["first.json"]
    assert designer.client.get("workflows/first").headers["etag"] == answer.headers["etag"]
    assert (
        designer.client.put(
            "workflows/first", json=DEFINITION, headers={"If-Match": answer.headers["etag"]}
        ).status_code
        == 200
    )


def test_two_tabs(designer: RunningDesigner) -> None:
    """Of two pages that opened the same definition the second is told, keeps its changes, and may
    overwrite knowingly.
    """
    etag = designer.client.get("workflows/first").headers["etag"]
    first = designer.client.put(
        "workflows/first", json=DEFINITION | {"name": "one"}, headers={"If-Match": etag}
    )
    second = designer.client.put(
        "workflows/first", json=DEFINITION | {"name": "two"}, headers={"If-Match": etag}
    )
    assert second.status_code == 412
    problem = second.json()
    assert problem["type"] == "urn:httptask:problem:changed-meanwhile"
    assert problem["etag"] == first.headers["etag"] == second.headers["etag"]
    assert designer.client.get("workflows/first").json()["name"] == "one"
    knowingly = designer.client.put(
        "workflows/first", json=DEFINITION | {"name": "two"}, headers={"If-Match": problem["etag"]}
    )
    assert knowingly.status_code == 200
    assert designer.client.get("workflows/first").json()["name"] == "two"


def test_tabs_at_once(designer: RunningDesigner) -> None:
    """Of many that save at the same moment exactly one wins."""
    etag = designer.client.get("workflows/first").headers["etag"]
    statuses: list[int] = []

    def save(number: int) -> None:
        answer = designer.client.put(
            "workflows/first", json=DEFINITION | {"name": str(number)}, headers={"If-Match": etag}
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 11


def test_changed_on_disk(designer: RunningDesigner, folder: Path) -> None:
    """An editor's change on disk is as much a change as another tab's."""
    etag = designer.client.get("workflows/first").headers["etag"]
    (folder / "first.json").write_text("{}")
    assert (
        designer.client.put(
            "workflows/first", json=DEFINITION, headers={"If-Match": etag}
        ).status_code
        == 412
    )


def test_removed_on_disk(designer: RunningDesigner, folder: Path) -> None:
    """A definition that was removed meanwhile is not made again by itself."""
    etag = designer.client.get("workflows/first").headers["etag"]
    (folder / "first.json").unlink()
    answer = designer.client.put("workflows/first", json=DEFINITION, headers={"If-Match": etag})
    assert answer.status_code == 412
    assert "etag" not in answer.json()
    assert designer.client.get("workflows/first").status_code == 404
    assert (
        designer.client.put(
            "workflows/first", json=DEFINITION, headers={"If-None-Match": "*"}
        ).status_code
        == 201
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n', (2, 1)),
        ("", (1, 1)),
        ("[1]", None),
        ('{"a": 1, "a": 2}', (1, 10)),
        ("\ufffe", (1, 1)),
    ],
    ids=["cut", "empty", "list", "twice", "garbage"],
)
def test_broken_on_disk(
    designer: RunningDesigner, folder: Path, text: str, place: tuple[int, int] | None
) -> None:
    """A file that is no JSON object is a sentence with its place, and can be overwritten
    knowingly.
    """
    (folder / "first.json").write_text(text)
    answer = designer.client.get("workflows/first")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:httptask:problem:broken-definition")
    assert "first.json" in problem["detail"]
    assert (problem.get("line"), problem.get("column")) == (place or (None, None))
    knowingly = designer.client.put(
        "workflows/first", json=DEFINITION, headers={"If-Match": answer.headers["etag"]}
    )
    assert knowingly.status_code == 200


def test_bytes_that_are_no_text(designer: RunningDesigner, folder: Path) -> None:
    """So is one that is not even text."""
    (folder / "first.json").write_bytes(b"\xff\xfe\x00")
    assert designer.client.get("workflows/first").status_code == 422


def test_new(designer: RunningDesigner, folder: Path) -> None:
    """A new definition is made only where there is none."""
    new = designer.client.put(
        "workflows/Zwölf Käse", json=DEFINITION, headers={"If-None-Match": "*"}
    )
    assert new.status_code == 201
    assert (folder / "Zwölf Käse.json").exists()
    assert (
        designer.client.put(
            "workflows/first", json=DEFINITION, headers={"If-None-Match": "*"}
        ).status_code
        == 412
    )


def test_a_removed_definition_is_kept(designer: RunningDesigner, folder: Path) -> None:
    """Only the version that somebody saw is removed. Its bytes stay below the folder, once for
    every removal, and a definition of its name can be made again.
    """
    data = (folder / "first.json").read_bytes()
    seen = designer.client.get("workflows/first").headers["ETag"]
    for headers, status in (({}, 428), ({"If-Match": '"other"'}, 412)):
        assert designer.client.delete("workflows/first", headers=headers).status_code == status
        assert (folder / "first.json").read_bytes() == data
    places = []
    for _ in range(2):
        answer = designer.client.delete("workflows/first", headers={"If-Match": seen})
        assert answer.status_code == 200
        places.append(answer.json()["kept"])
        assert designer.client.get("workflows").json() == {"items": []}
        assert designer.client.get("workflows/first").status_code == 404
        (folder / "first.json").write_bytes(data)
    assert places[0] != places[1]
    assert [(folder / place).read_bytes() for place in places] == [data, data]


@pytest.mark.parametrize("match", ["*", '"any"'])
def test_what_is_not_there_is_not_removed(designer: RunningDesigner, match: str) -> None:
    """A definition that somebody else removed meanwhile is a conflict, as when it is saved."""
    answer = designer.client.delete("workflows/other", headers={"If-Match": match})
    assert answer.status_code == 412


def test_a_link_is_not_removed(designer: RunningDesigner, folder: Path) -> None:
    """A link of the folder stays, and what it leads to."""
    (folder / "link.json").symlink_to("first.json")
    answer = designer.client.delete("workflows/link", headers={"If-Match": "*"})
    assert answer.status_code == 403
    assert (folder / "link.json").is_symlink()


def test_the_list_says_what_a_definition_runs(designer: RunningDesigner, folder: Path) -> None:
    """By its tasks, those of its branches too, and as its failure workflow; each id once."""
    run = {"type": "Workflow", "definition": "first", "end": True}
    branches = [{"startTask": "B", "tasks": {"B": run | {"definition": "inner"}}}]
    tasks = {"A": run, "C": run, "P": {"type": "Parallel", "branches": branches, "end": True}}
    definition = {"startTask": "A", "failureWorkflow": "sorry", "tasks": tasks}
    (folder / "outer.json").write_text(json.dumps(definition))
    items = {item["id"]: item for item in designer.client.get("workflows").json()["items"]}
    assert items["outer"]["runs"] == ["first", "inner", "sorry"]
    assert "runs" not in items["first"]


def test_save_needs_a_condition(designer: RunningDesigner) -> None:
    """Without saying what is replaced nothing is saved; `*` replaces whatever is there."""
    assert designer.client.put("workflows/first", json=DEFINITION).status_code == 428
    assert (
        designer.client.put(
            "workflows/first", json=DEFINITION, headers={"If-Match": "*"}
        ).status_code
        == 200
    )
    assert (
        designer.client.put(
            "workflows/none", json=DEFINITION, headers={"If-Match": "*"}
        ).status_code
        == 412
    )


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": 1, "a": 2}', 400),
        (b'{"x": "' + b"x" * 5_000_000 + b'"}', 413),
    ],
    ids=["cut", "list", "nan", "twice", "large"],
)
def test_what_is_no_definition_is_not_saved(
    designer: RunningDesigner, folder: Path, content: bytes, status: int
) -> None:
    """What is no JSON object, or far too large, leaves the file as it is."""
    answer = designer.client.put(
        "workflows/first", content=content, headers=JSON | {"If-Match": "*"}
    )
    assert answer.status_code == status
    assert json.loads((folder / "first.json").read_text()) == DEFINITION


@pytest.mark.parametrize(
    "workflow_id",
    [
        "..%2Ffirst",
        "%2e%2e",
        ".hidden",
        "a%2Fb",
        "a%5Cb",
        "a%00b",
        "x" * 300,
        "con%3A",
        "first.json/",
        "%0a",
    ],
)
def test_ids_stay_in_the_folder(
    designer: RunningDesigner, tmp_path: Path, workflow_id: str
) -> None:
    """No id leads out of the folder, to a hidden file, or to something that is no file name."""
    (tmp_path / "first.json").write_text('{"outside": 1}')
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    assert designer.client.get(f"workflows/{workflow_id}").status_code == 404
    answer = designer.client.put(
        f"workflows/{workflow_id}", json=DEFINITION, headers={"If-None-Match": "*"}
    )
    assert answer.status_code == 404
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_links_stay_in_the_folder(designer: RunningDesigner, folder: Path, tmp_path: Path) -> None:
    """A symbolic link out of the folder is neither read nor written through."""
    outside = tmp_path / "outside.json"
    outside.write_text('{"outside": 1}')
    (folder / "link.json").symlink_to(outside)
    assert designer.client.get("workflows/link").status_code == 404
    assert (
        designer.client.put("workflows/link", json={}, headers={"If-Match": "*"}).status_code == 404
    )
    assert outside.read_text() == '{"outside": 1}'


def test_one_bad_file_does_not_take_the_page(
    designer: RunningDesigner, folder: Path, tmp_path: Path
) -> None:
    """Links that lead out, nowhere or to themselves, and names that are no text are skipped with a
    note each; files that are broken, huge, deep or unreadable say so. Whatever lies there, the page
    opens with a definition that can be read.
    """
    (tmp_path / "outside.json").write_text('{"outside": 1}')
    (folder / "a-link.json").symlink_to(tmp_path / "outside.json")
    (folder / "b-nowhere.json").symlink_to(folder / "nothing.json")
    (folder / "c-itself.json").symlink_to(folder / "c-itself.json")
    (folder / os.fsdecode(b"d-\xff.json")).write_text("{}")
    (folder / "aa-broken.json").write_text("{")
    (folder / "bb-huge.json").write_bytes(b" " * 5_000_000)
    (folder / "cc-deep.json").write_text('{"tasks":' * 5_000 + "1" + "}" * 5_000)
    (folder / "dd-name.json").write_text('{"name": "\\ud800"}')
    (folder / "ee-inside.json").symlink_to(folder / "first.json")
    config = designer.client.get("config").json()
    assert config["workflow"] in ("dd-name", "ee-inside")
    listing = designer.client.get("workflows").json()
    assert [item["id"] for item in listing["items"] if "broken" in item][:3] == [
        "aa-broken",
        "bb-huge",
        "cc-deep",
    ]
    assert [item["id"] for item in listing["items"]][-2:] == ["ee-inside", "first"]
    assert [note.partition(" ")[0] for note in listing["notes"]] == ["skipped:"] * 4
    assert config["notes"] == listing["notes"]
    assert "a-link.json is a link that leads out of the folder" in listing["notes"][0]
    for workflow_id in ("a-link", "b-nowhere", "c-itself"):
        assert designer.client.get(f"workflows/{workflow_id}").status_code == 404


@pytest.mark.parametrize("in_the_way", ["link", "nowhere", "itself", "folder"])
def test_a_first_definition_has_a_name_that_can_be_written(
    designer: RunningDesigner, folder: Path, tmp_path: Path, in_the_way: str
) -> None:
    """The page always has something to start with, whatever has the name of the first one."""
    (folder / "first.json").unlink()
    (tmp_path / "outside.json").write_text("{}")
    if in_the_way == "folder":
        (folder / "workflow.json").mkdir()
    else:
        targets = {"link": tmp_path / "outside.json", "nowhere": folder / "nothing.json"}
        (folder / "workflow.json").symlink_to(targets.get(in_the_way, folder / "workflow.json"))
    config = designer.client.get("config").json()
    assert config["workflow"] == "workflow-2"
    answer = designer.client.put(
        "workflows/workflow-2", json={"tasks": {}}, headers={"If-None-Match": "*"}
    )
    assert answer.status_code == 201


def test_no_file(designer: RunningDesigner, folder: Path) -> None:
    """What is called like a definition and is no file is none; it is skipped with a note, and so is
    a file whose name cannot be that of a definition.
    """
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "line\nbreak.json").write_text("{}")
    (folder / f"{'n' * 101}.json").write_text("{}")
    listing = designer.client.get("workflows").json()
    assert [item["id"] for item in listing["items"]] == ["first"]
    starts = ("folder.json is no file", "'line\\nbreak.json' is", "'nnnn", "pipe.json is no file")
    for note, start in zip(listing["notes"], starts, strict=True):
        assert note.startswith(f"skipped: {start}")
    for name in ("folder", "pipe"):
        assert designer.client.get(f"workflows/{name}").status_code == 404


def test_file_that_cannot_be_written(
    designer: RunningDesigner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When saving fails, the page hears why and the old definition is whole."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = designer.client.put("workflows/first", json={"new": 1}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:httptask:problem:not-saved")
    assert "No space left" in answer.json()["detail"]
    assert json.loads((folder / "first.json").read_text()) == DEFINITION
    assert [each.name for each in folder.iterdir()] == ["first.json"]


def test_empty_folder(tmp_path: Path) -> None:
    """In a folder without definitions a new one is begun, and saved like any; a file given by name
    has no second.
    """
    with running_designer(tmp_path, workflows=tmp_path / "none yet") as designer:
        config = designer.client.get("config").json()
        assert (config["workflow"], config["workflows"], config["newWorkflows"]) == (
            "workflow",
            [],
            True,
        )
        headers = {"If-None-Match": "*"}
        assert (
            designer.client.put("workflows/workflow", json=DEFINITION, headers=headers).status_code
            == 201
        )
        assert designer.client.get("config").json()["workflows"] == [
            {"id": "workflow", "name": "First"}
        ]


def test_one_file(tmp_path: Path) -> None:
    """Given one file, only that definition is there, existing or not yet."""
    path = tmp_path / "own" / "mine.json"
    with running_designer(tmp_path, workflows=path) as designer:
        config = designer.client.get("config").json()
        assert (config["workflow"], config["newWorkflows"]) == ("mine", False)
        assert designer.client.get("workflows").json()["items"] == []
        assert (
            designer.client.put(
                "workflows/mine", json=DEFINITION, headers={"If-None-Match": "*"}
            ).status_code
            == 201
        )
        assert json.loads(path.read_text()) == DEFINITION
        assert (
            designer.client.put(
                "workflows/other", json=DEFINITION, headers={"If-None-Match": "*"}
            ).status_code
            == 404
        )


def test_no_workflows(tmp_path: Path) -> None:
    """Without a place for definitions nothing can be saved here: the page's host does that."""
    with running_designer(tmp_path) as designer:
        assert designer.client.get("workflows").json() == {"items": []}
        assert (
            designer.client.put(
                "workflows/a", json=DEFINITION, headers={"If-None-Match": "*"}
            ).status_code
            == 404
        )


# Files of a saved definition


def uploaded(designer: RunningDesigner, name: str, data: bytes) -> dict[str, Any]:
    reference: dict[str, Any] = designer.client.post(
        "uploads", params={"name": name}, content=data
    ).json()
    return reference


def with_files(*references: Any) -> dict[str, Any]:
    request = {
        "url": "https://a.example/",
        "method": "POST",
        "headers": {"Content-Type": "multipart/form-data"},
        "body": {"files": list(references)},
    }
    return {"startTask": "A", "tasks": {"A": {"type": "Http", "httpRequest": request, "end": True}}}


def save(designer: RunningDesigner, definition: Any) -> Any:
    answer = designer.client.put("workflows/first", json=definition, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer.json()["tasks"]["A"]["httpRequest"]["body"]["files"]


def test_a_saved_upload_outlives_the_designer(tmp_path: Path, folder: Path) -> None:
    """Uploads that a definition is saved with lie below the folder of files, named by their paths;
    the next designer, and a run, find them. Until it is saved, and for what still names the upload,
    everything goes on as before.
    """
    data = b"%PDF \x00\xff"
    with running_designer(tmp_path, workflows=folder) as designer:
        reference = uploaded(designer, "plan.pdf", data)
        draft = {"task": with_files(reference)["tasks"]["A"]}
        assert designer.client.post("validate", json=draft).json()["valid"]
        saved = save(designer, with_files(reference))
        said = {name: value for name, value in reference["$file"].items() if name != "upload"}
        assert saved == [{"$file": {"path": "plan.pdf"} | said}]
        assert designer.client.post("validate", json=draft).json()["valid"]
        assert save(designer, with_files(reference)) == saved
        assert designer.client.delete(f"uploads/{reference['$file']['upload']}").status_code == 204
    assert (folder / "files" / "plan.pdf").read_bytes() == data
    assert json.loads((folder / "first.json").read_text()) == with_files(*saved)
    with running_designer(tmp_path, workflows=folder) as designer:
        assert [item["id"] for item in designer.client.get("workflows").json()["items"]] == [
            "first"
        ]
        assert (
            designer.client.post("validate", json={"definition": with_files(*saved)}).json()[
                "problems"
            ]
            == []
        )
        (folder / "files" / "plan.pdf").unlink()
        for gone in (saved[0], reference):
            (problem,) = designer.client.post(
                "validate", json={"definition": with_files(gone)}
            ).json()["problems"]
            assert (problem["pointer"], problem["severity"]) == (
                "/tasks/A/httpRequest/body/files/0",
                "error",
            )


def test_files_of_one_name(tmp_path: Path, folder: Path) -> None:
    """Nothing in the folder of files is written over: another file of the same name gets a name of
    its own, the same file is kept once, and no name leads out of the folder or to what no system
    can hold."""
    files = tmp_path / "files"
    files.mkdir()
    (tmp_path / "outside").write_bytes(b"outside")
    (files / "link.txt").symlink_to(tmp_path / "outside")
    (files / "there.txt").write_bytes(b"there before")
    with running_designer(tmp_path, workflows=folder, files=files) as designer:
        contents = {
            "there.txt": b"mine",
            "link.txt": b"new",
            "..": b"dots",
            'a<b>:"c".txt': b"signs",
            "ü" * 200: b"long",
        }
        references = [uploaded(designer, name, data) for name, data in contents.items()]
        saved = save(designer, with_files(*references, uploaded(designer, "there.txt", b"mine")))
        paths = [each["$file"]["path"] for each in saved]
        assert paths[0] == paths[-1] != "there.txt"
        assert paths[3] == "a_b___c_.txt"
        for path, data in zip(paths, contents.values(), strict=False):
            assert (files / path).resolve().parent == files.resolve()
            assert (files / path).read_bytes() == data
        assert (files / "there.txt").read_bytes() == b"there before"
        assert (tmp_path / "outside").read_bytes() == b"outside"
        assert (
            designer.client.post("validate", json={"definition": with_files(*saved)}).json()[
                "problems"
            ]
            == []
        )


def test_nothing_moves_when_nothing_is_saved(designer: RunningDesigner, folder: Path) -> None:
    """A definition that was changed meanwhile is not saved, and its uploads stay what they were."""
    reference = uploaded(designer, "plan.pdf", b"x")
    answer = designer.client.put(
        "workflows/first", json=with_files(reference), headers={"If-Match": '"other"'}
    )
    assert answer.status_code == 412
    assert not (folder / "files").exists()
    assert designer.client.post(
        "validate", json={"task": with_files(reference)["tasks"]["A"]}
    ).json()["valid"]


def test_files_that_cannot_be_kept(tmp_path: Path, folder: Path) -> None:
    """When a file cannot be put where it would stay, nothing is saved, and the page hears why."""
    with running_designer(tmp_path, workflows=folder) as designer:
        (folder / "files").write_text("no folder")
        reference = uploaded(designer, "plan.pdf", b"x")
        answer = designer.client.put(
            "workflows/first", json=with_files(reference), headers={"If-Match": "*"}
        )
        assert (answer.status_code, answer.json()["type"]) == (
            500,
            "urn:httptask:problem:not-saved",
        )
        assert "plan.pdf" in answer.json()["detail"]
    assert json.loads((folder / "first.json").read_text()) == DEFINITION


def test_no_sample_input_is_written_that_could_not_be_read(
    designer: RunningDesigner, folder: Path
) -> None:
    """On disk it has a line for each item, so that it is larger than what was sent."""
    none = {"If-None-Match": "*"}
    large = {"input": [1] * 1_000_000}
    refused = designer.client.put("workflows/first/sample-input", json=large, headers=none)
    assert (refused.status_code, refused.json()["limit"]) == (413, 4 * 1024 * 1024)
    assert designer.client.get("workflows/first/sample-input").json() == {}
    assert not (folder / "inputs").exists()
    stored = designer.client.put("workflows/first/sample-input", json={"input": 1}, headers=none)
    assert stored.json() == {"input": 1}
