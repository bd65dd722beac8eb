"""Pasted requests in the JSON API: tasks without secrets, and the secrets kept when asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import SEED, RunningDesigner, api_description, running_designer, thing_endpoint
from httptask.interchange import LANGUAGES

TOKEN = "eyJhbGciOi0xMjM0NTY3ODkw"
COMMAND = (
    "curl -X POST 'https://api.procore.com/rest/v1.0/project/1001/email_communications"
    "?topic_id=7&topic_type=rfi' "
    f"-H 'Authorization: Bearer {TOKEN}' -H 'Procore-Company-Id: 42' "
    """-d '{"communication": {"subject": "RFI 7"}, "email": {}}'"""
)
WINDOWS = (
    'curl "https://a.example/things/7?limit=3" ^\r\n  -H "accept: application/json" ^\r\n'
    f'  -H "authorization: Bearer {TOKEN}"'
)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def designer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningDesigner]:
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(tmp_path / "credentials.json"))
    endpoints = [thing_endpoint("https://a.example")]
    with running_designer(tmp_path, endpoints=endpoints) as running:
        yield running


def read(designer: RunningDesigner, text: str, **more: Any) -> Any:
    answer = designer.client.post("pasted", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    assert TOKEN not in answer.text
    return answer.json()


def test_command_becomes_a_task_of_the_catalogue(designer: RunningDesigner) -> None:
    """A curl command is matched to its endpoint; what of it is a secret is named, not answered."""
    pasted = read(designer, COMMAND)
    (task,) = pasted["tasks"]
    assert pasted["form"] == "curl"
    assert task["endpoint"]["id"] == task["task"]["endpoint"] == SEED
    assert task["task"]["httpRequest"]["pathParameters"] == {"project_id": 1001}
    assert task["credentials"] == ["procore"]
    assert pasted["credentials"] == [
        {"name": "procore", "scheme": "bearer", "origins": ["https://api.procore.com"]}
    ]
    assert next(loss["code"] for loss in task["losses"]) == "secret-moved"


def test_windows_command(designer: RunningDesigner) -> None:
    """A command in the quoting of cmd.exe, as a browser copies it, is read as well."""
    (task,) = read(designer, WINDOWS)["tasks"]
    assert task["task"]["httpRequest"]["pathParameters"] == {"id": "7"}
    assert task["task"]["httpRequest"]["query"] == {"limit": 3}


def test_endpoint_is_a_choice(designer: RunningDesigner) -> None:
    """A person may take another endpoint that fits, or none: then it is a request of its own."""
    elsewhere = "curl https://sandbox.example/things/7"
    (task,) = read(designer, elsewhere)["tasks"]
    assert task["endpoint"] is None
    (other,) = task["others"]
    (task,) = read(designer, elsewhere, endpoint=other["id"])["tasks"]
    assert task["endpoint"]["id"] == other["id"]
    assert task["task"]["httpRequest"]["url"].startswith("https://sandbox.example/")
    (task,) = read(designer, "curl https://a.example/things/7", endpoint=None)["tasks"]
    assert task["endpoint"] is None
    assert task["task"]["httpRequest"]["url"] == "https://a.example/things/7"


def keep(designer: RunningDesigner, name: str, **more: Any) -> Any:
    body = {"text": COMMAND, "credential": "procore", "name": name, **more}
    return designer.client.post("pasted/credentials", json=body)


def test_secret_is_kept_under_a_name(designer: RunningDesigner, tmp_path: Path) -> None:
    """A secret of the text is stored as the page's own credentials are, for its server alone, and
    does not come back.
    """
    kept = keep(designer, "mine")
    assert kept.status_code == 200
    assert TOKEN not in kept.text
    assert kept.json()["origins"] == ["https://api.procore.com"]
    stored = json.loads((tmp_path / "credentials.json").read_text(encoding="utf-8"))
    assert stored["mine"]["token"] == TOKEN
    names = [item["name"] for item in designer.client.get("credentials").json()["items"]]
    assert names == ["mine"]


def test_credential_that_is_there_stays(designer: RunningDesigner, tmp_path: Path) -> None:
    """Keeping a pasted secret never changes a credential that is there."""
    assert keep(designer, "mine").status_code == 200
    before = (tmp_path / "credentials.json").read_bytes()
    refused = keep(designer, "mine", text=COMMAND.replace(TOKEN, "another-token-12345"))
    assert refused.status_code == 422
    assert "there is a credential 'mine' already" in refused.json()["detail"]
    assert (tmp_path / "credentials.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "recognised", "words"),
    [
        ("hello", False, "neither a curl command nor a JSON document"),
        ('{"a": 1,\n "b": }', False, "line 2"),
        ('{"openapi": "3.1.0"}', False, "neither a curl command, nor a Postman collection"),
        ("curl", True, "no URL"),
        ("curl 'https://a.example", True, "cannot be read"),
        ("curl --unix-socket /tmp/s https://a.example", True, "unix-socket"),
        ('{"info": {}, "item": []}', True, "holds no request"),
    ],
)
def test_text_that_is_none(
    designer: RunningDesigner, text: str, recognised: bool, words: str
) -> None:
    """A text that cannot be read is refused with a sentence that says where and why, and whether it
    was meant as requests at all.
    """
    answer = designer.client.post("pasted", json={"text": text})
    assert answer.status_code == 422
    assert answer.json()["recognised"] is recognised
    assert words in answer.json()["detail"]


def test_refusals(designer: RunningDesigner) -> None:
    """A text that is too large, a credential it does not hold, and an endpoint that is none are
    refused, each with what to do.
    """
    large = designer.client.post("pasted", json={"text": "x" * 17_000_000})
    assert large.status_code == 413
    assert "httptask import-request" in large.json()["detail"]
    assert keep(designer, "mine", credential="none").status_code == 404
    assert keep(designer, " ").status_code == 400
    for endpoint, status in ((7, 400), ("none", 404)):
        body = {"text": COMMAND, "endpoint": endpoint}
        assert designer.client.post("pasted", json=body).status_code == status


def test_request_as_code(designer: RunningDesigner, tmp_path: Path) -> None:
    """A request is rendered in each language, with a variable for its secret; the program in Python
    is one that compiles, and that `test-request --as` prints as well.
    """
    assert keep(designer, "procore").status_code == 200
    (pasted,) = read(designer, COMMAND)["tasks"]
    draft = {"task": pasted["task"], "name": "Send"}
    (described,) = api_description()["paths"]["/render"]["post"]["parameters"]
    assert tuple(described["schema"]["enum"]) == LANGUAGES
    code = {}
    for language in LANGUAGES:
        answer = designer.client.post("render", params={"as": language}, json=draft)
        assert answer.status_code == 200, answer.text
        code[language] = answer.json()["code"]
        assert "api.procore.com" in code[language]
        assert TOKEN not in answer.text
    compile(code["python"], "code", "exec")
    flow = {"startTask": "Send", "tasks": {"Send": pasted["task"]}}
    (tmp_path / "flow.json").write_text(json.dumps(flow), encoding="utf-8")
    command = [sys.executable, "-m", "httptask", "test-request", "flow.json", "--as", "python"]
    printed = subprocess.run(
        [*command, "--catalogue", str(tmp_path / "catalogue.sqlite3")],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == code["python"]
    assert designer.client.post("render", params={"as": "cobol"}, json=draft).status_code == 400
    assert "code" not in designer.client.post("render", json=draft).json()


def test_code_that_a_language_cannot_say(designer: RunningDesigner) -> None:
    """What a language cannot say is refused with the reason."""
    request = {"url": "https://a.example", "method": "GET", "body": {"a": 1}}
    draft = {"task": {"type": "Http", "httpRequest": request}}
    answer = designer.client.post("render", params={"as": "javascript"}, json=draft)
    assert answer.status_code == 422
    assert "fetch sends no body with the method GET" in answer.json()["detail"]
