"""Which texts of a definition's literal secrets are masked in what is stored of its runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from httptask.designer._literal_secrets import (
    masked_plan,
    refuse_masked_answers,
    whole_definition,
    whole_options,
)
from httptask.designer._problems import Refused
from httptask.model.pins import Pins
from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.protocols import RunOptions
from tasks import runtime

URL = "https://x.example/"


@pytest.mark.parametrize(
    ("request_part", "parameters", "secrets"),
    [
        ({}, {"password": "amqp://user:hunter22@host"}, ["amqp://user:hunter22@host", "hunter22"]),
        ({"url": "https://user:hunter%2022@x.example/"}, {}, ["hunter%2022", "hunter 22"]),
        ({"headers": {"Authorization": "ApiKey s3cr3tvalue"}}, {}, ["s3cr3tvalue"]),
        ({"headers": {"Proxy-Authorization": "Token s3cr3tvalue"}}, {}, ["s3cr3tvalue"]),
        (
            {"headers": {"Authorization": "Basic dXNlcjpodW50ZXIyMg=="}},
            {},
            ["dXNlcjpodW50ZXIyMg==", "hunter22"],
        ),
        (
            {"headers": {"Cookie": "session=abcdef123; theme=dark"}},
            {},
            ["session=abcdef123; theme=dark", "abcdef123", "dark"],
        ),
        ({"url": f"{URL}?api_key=literal-6&page=1"}, {}, ["literal-6"]),
    ],
)
def test_each_part_of_a_literal_secret_is_masked(
    request_part: dict[str, Any], parameters: dict[str, Any], secrets: list[str]
) -> None:
    """A server may repeat a part, and the same value may stand elsewhere."""
    task = {
        "type": "Http",
        "inputParameters": parameters,
        "httpRequest": {"method": "GET", "url": URL, **request_part},
    }
    document = {"name": "flow", "startTask": "A", "tasks": {"A": task}}
    with runtime() as shared:
        masked, _, texts = masked_plan(
            WorkflowDefinition(document), RunOptions(None, {}, {}), shared
        )
    assert set(secrets) <= set(texts)
    assert not [secret for secret in secrets[:1] if secret in str(masked.document)]


def test_a_refusal_names_the_file_and_what_to_do(tmp_path: Path) -> None:
    """The file is gone, it has changed, or no file ever had the secrets: each has its own remedy.

    A mask that the author wrote is no secret: without others, nothing is looked for.
    """
    path = tmp_path / "flow.json"
    variables = {"apiKey": "literal-1", "separator": "•••"}
    document = {"name": "flow", "startTask": "A", "tasks": {}, "variables": variables}
    definition = WorkflowDefinition(document, source=str(path))
    options = RunOptions(None, {"apiKey": "literal-2"}, {})
    with runtime() as shared:
        stored, masked, _ = masked_plan(definition, options, shared)
        assert stored.document["variables"] == {"apiKey": "•••", "separator": "•••"}
        assert whole_definition(stored, shared, is_masked=False) is stored

        def refusal() -> str:
            with pytest.raises(Refused) as refused:
                whole_definition(stored, shared, is_masked=True)
            return str(refused.value)

        assert f"its file {path} is gone: put that back" in refusal()
        path.write_text(json.dumps({**document, "name": "other"}), "utf-8")
        assert f"its file {path} has changed since: undo all changes" in refusal()
        path.write_text(json.dumps(document), "utf-8")
        whole = whole_definition(stored, shared, is_masked=True)
        assert whole.document["variables"] == variables
        with pytest.raises(Refused, match="were in no file: start a new run"):
            whole_options(stored, masked, shared, ["variables"])


def test_a_pin_is_stored_without_its_secrets_and_its_answers_are_not_reused(tmp_path: Path) -> None:
    """Its file has them. What it answered is stored masked, so that a later task would send a
    mask; a mask that the author wrote into a pin is an answer like others.
    """
    source = tmp_path / "flow.json"
    document = {"name": "flow", "startTask": "A", "tasks": {"A": {"type": "Http"}}}
    definition = WorkflowDefinition(document, source=str(source))
    headers = {"X-Api-Key": "abc"}
    pin = {"headers": headers, "body": {"access_token": "literal-1", "page_token": "p2"}}
    pins = Pins({"A": [pin]}, is_offline=True)
    path = tmp_path / "pins" / "flow.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"tasks": {"A": [pin]}}), "utf-8")
    answered = TaskRun("A", 1, "Http", "Completed", output={"body": "•••"}, pinned=1)
    with runtime() as shared:
        _, masked, secrets = masked_plan(definition, RunOptions(None, {}, {}, pins=pins), shared)
        assert masked.pins is not None
        assert masked.pins.tasks["A"] == [
            {"headers": {"X-Api-Key": "•••"}, "body": {"access_token": "•••", "page_token": "p2"}}
        ]
        assert "literal-1" in secrets
        assert whole_options(definition, masked, shared, ["pins"]).pins == pins
        with pytest.raises(Refused, match="the pin of the task 'A' answered with a secret"):
            refuse_masked_answers([answered], pins, shared)
        refuse_masked_answers([answered], masked.pins, shared)
        refuse_masked_answers([answered], Pins({}), shared)
        inside = Pins({}, {"inner": {"A": [pin]}})
        nested = TaskRun("W", 1, "Workflow", "Completed", output={"body": "•••"})
        with pytest.raises(Refused, match="a pin inside the task 'W' may have answered"):
            refuse_masked_answers([nested], inside, shared)
        refuse_masked_answers([answered], inside, shared)
