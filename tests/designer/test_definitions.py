"""What the designer's server says of a definition apart from its file: environments, the form of its
input, and the definitions that it runs.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import RunningDesigner, held_against_description, last, running_designer
from httptask.testing import StandIn
from tasks import http

SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "examples": [7]},
        "note": {"type": "string", "default": "none"},
        "again": {"$ref": "#"},
    },
}


@pytest.fixture
def designer(tmp_path: Path, folder: Path, stand_in: StandIn) -> Iterator[RunningDesigner]:
    """A designer with the definition `flow` and its environments."""
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    for name in ("flow", "billing"):
        document = {"startTask": "End", "tasks": {"End": end}}
        (folder / f"{name}.json").write_text(json.dumps(document), "utf-8")
    (folder / "environments").mkdir()
    here = {
        "colour": "red",
        "servers": {"https://api.acme.example": stand_in.url},
        "variables": {"secret": "c4n4ry"},
    }
    for name, value in {"here": here, "broken": {"colours": 1}}.items():
        (folder / f"environments/{name}.json").write_text(json.dumps(value), "utf-8")
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


def post(designer: RunningDesigner, path: str, value: Any) -> Any:
    response = designer.client.post(path, json=value)
    held_against_description(response)
    return response.json()


def test_environments_are_listed_without_their_variables(designer: RunningDesigner) -> None:
    """The page gets names, colours and addresses; a broken file is listed with why."""
    response = designer.client.get("workflows/flow/environments")
    held_against_description(response)
    broken, here = response.json()["items"]
    assert (broken["name"], "colours" in broken["broken"]) == ("broken", True)
    assert (here["name"], here["colour"]) == ("here", "red")
    assert "c4n4ry" not in response.text
    assert designer.client.get("workflows/..%2Fx/environments").status_code in (400, 404)


def test_links_that_lead_out_bring_no_environment_and_no_definition(
    designer: RunningDesigner, folder: Path, tmp_path: Path
) -> None:
    """Neither a file nor a whole folder; the environment is listed with why. A pipe in the folder
    holds nothing up.
    """
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "away.json").write_text(json.dumps({"description": "0utside"}))
    (outside / "stolen.json").write_text((folder / "billing.json").read_text())
    (folder / "environments/away.json").symlink_to(outside / "away.json")
    (folder / "environments/nowhere.json").symlink_to(outside / "nothing.json")
    (folder / "stolen.json").symlink_to(outside / "stolen.json")
    os.mkfifo(folder / "environments/pipe.json")
    os.mkfifo(folder / "pipe.json")
    response = designer.client.get("workflows/flow/environments")
    away = response.json()["items"][0]
    assert (away["name"], "leads out of the folder" in away["broken"]) == ("away", True)
    assert "0utside" not in response.text
    draft = {"task": http("https://api.acme.example/"), "inputs": {}, "workflow": "flow"}
    refused = designer.client.post("test-requests", json=draft | {"environment": "away"})
    assert "leads out of the folder" in refused.json()["detail"]
    tasks = {
        name: {"type": "Workflow", "definition": name, "end": True}
        for name in ("billing", "stolen")
    }
    value = {"definition": {"startTask": "billing", "tasks": tasks}, "workflow": "flow"}
    pointers = [one["pointer"] for one in post(designer, "validate", value)["problems"]]
    assert "/tasks/stolen/definition" in pointers
    assert "/tasks/billing/definition" not in pointers
    shutil.rmtree(folder / "environments")
    (folder / "environments").symlink_to(outside)
    listed = designer.client.get("workflows/flow/environments").json()["items"]
    assert all("leads out of the folder" in one["broken"] for one in listed)


def test_a_draft_is_tried_in_its_environment(designer: RunningDesigner, stand_in: StandIn) -> None:
    """What is shown and what is sent goes to the environment's address; an unknown one is refused."""
    draft = {
        "task": http("https://api.acme.example/things/7"),
        "inputs": {},
        "workflow": "flow",
        "environment": "here",
    }
    assert post(designer, "render", draft)["request"]["url"] == f"{stand_in.url}/things/7"
    _, ending = last(designer, draft)
    assert ending["request"]["url"] == f"{stand_in.url}/things/7"
    refused = designer.client.post("render", json={**draft, "environment": "her"})
    assert refused.status_code == 400
    assert "did you mean here?" in refused.json()["detail"]


def test_the_input_has_a_form_and_a_first_input(designer: RunningDesigner) -> None:
    """The form has the fields of a body; what is recursive is written as JSON, as nothing is loaded
    later.
    """
    answer = post(designer, "input-form", {"inputSchema": SCHEMA})
    fields = {field["name"]: field for field in answer["field"]["fields"]}
    assert fields["id"]["required"] is True
    assert answer["sample"] == {"id": 7, "note": "none"}
    assert answer["problems"] == []
    assert '"link"' not in json.dumps(answer)
    wrong = post(designer, "input-form", {"inputSchema": {"type": "objekt"}})
    assert "field" not in wrong
    assert wrong["problems"][0]["pointer"] == "/inputSchema/type"


def test_a_draft_gets_the_defaults_of_the_input(designer: RunningDesigner) -> None:
    """A test request without an input takes the schema's samples, one with an input its defaults."""
    task = http(
        "https://api.acme.example/things",
        request={"query": {"id": "${$.id}", "note": "${$.note}"}},
        inputParameters={"id": "${$.input.id}", "note": "${$.input.note}"},
    )
    draft: dict[str, Any] = {"task": task, "inputSchema": SCHEMA, "inputs": {}}
    assert post(designer, "render", draft)["request"]["url"].endswith("?id=7&note=none")
    draft["inputs"] = {"input": {"id": 8}}
    assert post(designer, "render", draft)["request"]["url"].endswith("?id=8&note=none")


def test_definitions_are_found_next_to_the_one_that_runs_them(designer: RunningDesigner) -> None:
    """A definition that is checked at its place is checked with those that it runs."""
    run = {"type": "Workflow", "definition": "biling", "end": True}
    definition = {"startTask": "Run", "tasks": {"Run": run}}
    found = post(designer, "validate", {"definition": definition, "workflow": "flow"})["problems"]
    assert [(one["code"], one["suggestion"]) for one in found] == [("workflow-unknown", "billing")]
    assert post(designer, "validate", {"definition": definition})["problems"] == []
