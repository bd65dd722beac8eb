"""The README's commands work as they stand there, its Python runs, its tables are true."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import servers
from httptask import hookspecs
from httptask.importers import read_api
from httptask.model.workflow import WorkflowDefinition
from httptask.task import Runtime
from httptask.workflow import problems

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
ANSWER = servers.response(b'{"id": 7, "name": "Spanner"}\n', servers.JSON)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


(PAGE,) = blocks("text")
(ORDERS,) = blocks("yaml")
NEW_ORDERS = ORDERS.replace("[id, item]", "[id, item, quantity]").replace(
    "size: {enum: [small, large]}", "quantity: {type: integer}\n        size: {enum: [small]}"
)
SHOP = """{"startTask": "Order", "tasks": {"Order": {
  "type": "Http",
  "endpoint": "acme-orders-post-4ba",
  "httpRequest": {"url": "https://api.acme.example/v1/orders", "method": "POST", "body": {"item": "Axe", "size": "large"}},
  "end": true
}}}"""


def definition(port: int) -> dict[str, Any]:
    (text,) = [block for block in blocks("json") if '"Get a thing"' in block]
    whole: dict[str, Any] = json.loads(text.replace(":8080", f":{port}"))
    return whole


def pattern(expected: str) -> str:
    """Return *expected* as a regular expression in which `...` is anything within a line."""
    return re.escape(expected).replace(re.escape("..."), r"[^\n]*")


def test_the_commands_work_as_they_stand(tmp_path: Path) -> None:
    """Each command prints what the README says it prints."""
    (tmp_path / "things.txt").write_text(PAGE)
    (tmp_path / "input.json").write_text('{"thing": "7"}')
    (tmp_path / "orders.yaml").write_text(ORDERS)
    (tmp_path / "orders-2.yaml").write_text(NEW_ORDERS)
    (tmp_path / "shop.json").write_text(SHOP)
    with servers.raw_server(servers.respond(ANSWER)) as server:
        flow = definition(server.port)
        (tmp_path / "flow.json").write_text(json.dumps(flow, indent=1))
        request = flow["tasks"]["Get"]["httpRequest"]
        request["url"], request["query"] = "/things/{id}", {"limt": 5}
        request["pathParameters"] = {"id": "7"}
        task = {"type": "Http", "endpoint": "acme-things-id-get-d77", "httpRequest": request, "end": True}
        broken = {"startTask": "Get", "tasks": {"Get": task}}
        (tmp_path / "broken.json").write_text(json.dumps(broken, indent=1))
        environment = {**os.environ, "HTTPTASK_CATALOGUE": str(tmp_path / "c.sqlite3"), "PYTHONIOENCODING": "utf-8"}
        for block in blocks("console"):
            for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, expected = step.partition("\n")
                words = shlex.split(command)
                assert words[0] == "httptask"
                done = subprocess.run(
                    [sys.executable, "-m", *words],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    timeout=60,
                    check=False,
                )
                assert re.fullmatch(pattern(expected.strip()), done.stdout.strip()), f"$ {command}\n{done.stdout}"


def test_the_python_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the README prints what a reader expects of it."""
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(tmp_path / "c.sqlite3"))
    from httptask.catalogue import Catalogue

    with Catalogue.open() as catalogue:
        catalogue.put(read_api("things.txt", data=PAGE.encode(), provider="acme").endpoints, source="things.txt")
    (code,) = blocks("python")
    with servers.raw_server(servers.respond(ANSWER)) as server:
        exec(compile(code, "README.md", "exec"), {"definition": definition(server.port)})
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("HTTP/1.1 200 OK ")
    assert float(first.rpartition(" ")[2]) >= 0
    assert second == "Spanner application/json"
    assert third == "Completed Spanner"


def test_the_definition_with_everything_is_valid() -> None:
    """The Parallel and the Decision shown validate as they stand."""
    (text,) = [block for block in blocks("json") if '"Parallel"' in block]
    with Runtime() as runtime:
        assert problems(WorkflowDefinition(json.loads(text)), runtime) == []


def test_the_credentials_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file shown holds credentials that resolve."""
    import asyncio

    from httptask.credentials import resolve

    (text,) = [block for block in blocks("json") if '"apiKey"' in block]
    path = tmp_path / "credentials.json"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    with Runtime() as runtime:
        for name in json.loads(text):
            assert asyncio.run(resolve(name, runtime.plugins)).name == name


def test_every_hook_stands_in_the_table() -> None:
    """The table of hooks is complete and says how each answers."""
    for name in dir(hookspecs):
        if name.startswith("httptask_"):
            answers = "first" if getattr(hookspecs, name).httptask_spec["firstresult"] else "all"
            assert f"| `{name}` | {answers} |" in README


def test_what_the_readme_points_at_is_there() -> None:
    """Files named in the README exist."""
    for path in re.findall(r"`((?:importers|building|settings|catalogue|sending)/[\w./]*)`", README):
        assert (ROOT / "plugin" / "httptask" / path).exists(), path
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


def test_make_lists_its_commands() -> None:
    """`make` alone names every command the README names."""
    listed = subprocess.check_output(["make", "-s"], cwd=ROOT, text=True)
    for name in re.findall(r"`?make (\w+)", README):
        if name != "it":  # "make it worse" is no command
            assert f"make {name}" in listed
