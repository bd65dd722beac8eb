"""Environments on the command line: `--env`, `HTTPTASK_ENV`, and what `validate` says of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import Run
from tasks import http


@pytest.fixture
def flow(tmp_path: Path) -> str:
    """Return the name of a definition with the environments `live`, `staging` and `broken`."""
    task = http(
        "https://api.acme.example/things",
        request={"query": {"region": "${$.region}"}},
        inputParameters={"region": "${$.variables.region}"},
    )
    document = {"name": "Things", "startTask": "Get", "tasks": {"Get": task}}
    (tmp_path / "flow.json").write_text(json.dumps(document, indent=1), "utf-8")
    (tmp_path / "environments").mkdir()
    for name, value in {
        "live": {"servers": {"https://api.acme.example": "https://live.acme.example/v1"}},
        "staging": {"variables": {"region": "eu"}},
        "broken": {"colours": "red"},
    }.items():
        (tmp_path / f"environments/{name}.json").write_text(json.dumps(value), "utf-8")
    return "flow.json"


def test_validate_looks_at_each_environment_or_the_named_one(run: Run, flow: str) -> None:
    """Each environment is checked by its name, its file and the definition apart."""
    done = run("validate", flow, "--json")
    assert done.status == 1
    assert done.json["problems"] == []
    environments = done.json["environments"]
    assert {name: one["valid"] for name, one in environments.items()} == {
        "broken": False,
        "live": False,
        "staging": True,
    }
    assert environments["live"]["problems"][0]["pointer"] == "/tasks/Get/inputParameters/region"
    assert environments["broken"]["fileProblems"][0]["suggestion"] == "colour"
    shown = run("validate", flow)
    assert "error: environments/broken.json: line 1, /colours: unknown name" in shown.out
    assert "error: in live: line " in shown.out
    assert run("validate", flow, "--env", "staging").status == 0
    assert run("validate", flow, HTTPTASK_ENV="staging").status == 0


def test_the_request_goes_where_the_environment_says(run: Run, flow: str) -> None:
    """`--env` is above `HTTPTASK_ENV`, and `--variable` above the environment's variables."""
    plain = run("test-request", flow, "--curl", "--variable", "region=7")
    assert "https://api.acme.example/things?region=7" in plain.out
    live = run(
        *("test-request", flow, "--curl", "--env", "live", "--variable", "region=us"),
        HTTPTASK_ENV="staging",
    )
    assert "https://live.acme.example/v1/things?region=us" in live.out
    staging = run("test-request", flow, "--curl", HTTPTASK_ENV="staging")
    assert "https://api.acme.example/things?region=eu" in staging.out


@pytest.mark.parametrize("command", ["validate", "test-request", "run"])
def test_an_unknown_environment_is_never_passed_over(run: Run, flow: str, command: str) -> None:
    """A misspelt name ends the command, with the nearest one: nothing is sent elsewhere."""
    done = run(command, flow, "--env", "stagin")
    assert done.status == 2
    assert "did you mean staging?" in done.err
