"""The documents are true: commands and Python run, JSON is valid, tables are whole."""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import os
import re
import shlex
import socket
import string
import subprocess
import sys
import threading
import tomllib
import types
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from jsonschema import Draft202012Validator

import servers
from httptask import hookspecs
from httptask._core import packaged
from httptask.catalogue import Catalogue
from httptask.cli import FAMILIES, whole_parser
from httptask.credentials import resolve
from httptask.credentials.oauth2 import AUTHENTICATIONS, GRANTS
from httptask.errors import Problem
from httptask.errors._sentences import SENTENCES
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.model.authorisation import Token
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import OutgoingRequest
from httptask.model.workflow import WorkflowDefinition
from httptask.plugins import NAMED, plugin_manager
from httptask.protocols import (
    AuthScheme,
    Engine,
    ExpressionLanguage,
    Importer,
    ImportOptions,
    Source,
    TaskType,
)
from httptask.task import Runtime
from httptask.workflow import problems
from lists import Asked, cut, items, list_server, page
from places import ROOT
from tasks import http
from token_server import token_server

README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob(".github/*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]


def answered(asked: Asked) -> bytes:
    """Answer as the API of the documents: a thing, a page of all five, or a job in three steps."""
    if asked.method == "POST" and asked.path == "/exports":
        return page(None, ("Operation-Location", "/jobs/1"), status="202 Accepted")
    if asked.path.startswith("/jobs/"):
        step = int(asked.path.removeprefix("/jobs/"))
        if step > 2:
            return page({"status": "Succeeded", "rows": 5})
        following = ("Operation-Location", f"/jobs/{step + 1}")
        return page({"status": "Running"}, following, ("Retry-After", "0"))
    if "page" not in asked.query:
        return servers.response(b'{"id": 7, "name": "Spanner"}\n', servers.JSON)
    return page({"data": cut(items(5), 2, int(asked.query["page"])), "total": 5})


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code of a document."""

    language: str
    title: str
    """The file it is, by `title="…"`; empty when it is none."""
    text: str


def blocks(document: Path, *languages: str) -> list[Block]:
    """Return the blocks of *document* in the *languages* (all when none is named), in order."""
    pattern = r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$'
    matches = re.findall(pattern, document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(*match) for match in matches if not languages or match[0] in languages]


def with_blocks(*languages: str) -> Any:
    """Run a test for each document that has blocks of one of the *languages*."""
    documents = [document for document in DOCUMENTS if blocks(document, *languages)]
    return pytest.mark.parametrize("document", documents, ids=relative)


def relative(path: Path) -> str:
    """Return *path* as somebody in the repository's folder writes it."""
    return path.relative_to(ROOT).as_posix()


def pattern(expected: str) -> str:
    """Return *expected* as a regular expression.

    `...` stands for anything in a line, and a line of nothing else for any lines.
    """
    any_lines, within_line = r"(?:[^\n]*\n)*?", r"[^\n]*"
    lines = [
        (
            any_lines
            if line == "..."
            else re.escape(line).replace(re.escape("..."), within_line) + "\n"
        )
        for line in expected.splitlines()
    ]
    return "".join(lines)


def fits(expected: str, printed: str) -> bool:
    """Say whether *printed* is what a document *expected*; blank lines around both do not count."""
    text = printed.strip()
    return re.fullmatch(pattern(expected.strip("\n")), f"{text}\n" if text else "") is not None


class Reader:
    """Somebody who follows a document in an empty *folder*.

    They save its files, type its commands and run its Python. *port* is the port of its API.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._names: dict[str, Any] = {}
        # make's constraints have a path that is relative to the repository.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PIP_")
        }
        self._environment = {
            **inherited,
            "HTTPTASK_CATALOGUE": str(folder / "catalogue.sqlite3"),
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPATH": str(folder / "site"),
        }

    def follow(self, document: Path) -> None:
        """Do what *document* says, block by block."""
        for block in blocks(document):
            if block.title:
                file = self._folder / block.title
                file.parent.mkdir(exist_ok=True)
                file.write_text(self._here(block.text), "utf-8")
            elif block.language == "console":
                self._type(block.text)
            elif block.language == "python":
                self._run(block.text, document)

    def _here(self, text: str) -> str:
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self._port}")

    def _type(self, text: str) -> None:
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            words = shlex.split(command)
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                self._environment[name] = value
                continue
            printed = self._output(words)
            assert fits(expected, printed), f"$ {command}\n{printed}"

    def _output(self, words: list[str]) -> str:
        assert words[0] in ("httptask", "pip", "pytest")
        if words[0] == "pip":  # from what is there already, and without an index
            words = [
                "pip",
                "install",
                "--no-index",
                "--no-build-isolation",
                "--no-deps",
                "--target",
                "site",
                *words[2:],
            ]
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=servers.HANG_SECONDS,
            check=False,
        ).stdout

    def _run(self, code: str, document: Path) -> None:
        """Run *code*, and hold what it prints against its comments.

        A comment stands behind its `print(…)`, or below what calls it.
        """
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(self._here(code), relative(document), "exec"), self._names)
        expected = re.findall(r"^ *print\(.*\)  # (.*)$|^ {4}# (.*)$", code, re.MULTILINE)
        lines = "\n".join(first or second for first, second in expected)
        assert fits(lines, printed.getvalue()), printed.getvalue()


@with_blocks("console", "python")
def test_a_reader_gets_what_the_document_says(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command and each piece of Python works as it stands and prints what is shown."""
    monkeypatch.chdir(tmp_path)
    with list_server(answered) as server:
        Reader(tmp_path, server.port).follow(document)


@with_blocks("python")
def test_python_that_is_a_file_is_run_by_a_command(document: Path) -> None:
    """A file of a document is a test that `pytest` runs there, or a module that `pip` installs; those
    of the workflow run in `engines/temporal/test_plugin.py`.
    """
    console = "".join(block.text for block in blocks(document, "console"))
    for block in blocks(document, "python"):
        if not block.title or document.name == "temporal-task.md":
            continue
        path = Path(block.title)
        is_installed = f"$ pip install ./{path.parent}\n" in console
        assert is_installed or path.name in ("conftest.py", *re.findall(r"\S+\.py", console))


@with_blocks("json")
def test_json_is_valid(document: Path, tmp_path: Path) -> None:
    """Tasks satisfy their schema, and no task or definition has a problem."""
    validator = Draft202012Validator(packaged.schema("http-task"))
    for block in blocks(document, "json"):
        value = json.loads(block.text)
        if block.title:
            continue  # `follow` uses it
        others = [route["nextTask"] for route in value.get("onError", ())]
        tasks = {"Task": value, **{name: {"type": "Simple", "end": True} for name in others}}
        definition = value if "tasks" in value else {"startTask": "Task", "tasks": tasks}
        if definition is not value:
            validator.validate(value)
        with Runtime() as runtime:
            found = problems(WorkflowDefinition(definition), runtime)
        assert [problem for problem in found if problem.severity == "error"] == []


TYPED = {
    *("expression-type", "name-undocumented", "name-of-other"),
    *("task-not-run", "task-may-not-run", "condition-member"),
}
"""Codes of what is told of an expression by the types of what it sees."""


def described(document: Path, folder: Path) -> list[Endpoint]:
    """Return the endpoints of the descriptions that *document* shows as files."""
    endpoints: list[Endpoint] = []
    for block in blocks(document):
        if block.title.endswith((".yaml", "things.txt")):
            path = folder / block.title
            path.write_text(block.text, "utf-8")
            endpoints += read_api(path, provider="acme").endpoints
    return endpoints


@with_blocks("json")
def test_no_expression_shown_is_doubted(document: Path, tmp_path: Path) -> None:
    """No definition or task in a document has an expression that is told to be wrong by the input or
    the responses of the endpoints that it names, which are all known.
    """
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        catalogue.put(described(document, tmp_path), source="documents")
        for block in blocks(document, "json"):
            value = json.loads(block.text)
            if value.get("type") == "Http":
                value = {"startTask": "Task", "tasks": {"Task": value}}
            if "startTask" in value:
                with Runtime(catalogue=catalogue) as runtime:
                    found = problems(WorkflowDefinition(value), runtime)
                codes = {problem.code for problem in found}
                assert codes.isdisjoint({*TYPED, "endpoint-unknown"}), found


@with_blocks("json")
def test_files_shown_are_used(document: Path) -> None:
    """A file that a document shows is named by its prose or by a command."""
    prose = re.sub(r'title="[^"]*"', "", document.read_text("utf-8"))
    for block in blocks(document):
        assert Path(block.title).name in prose


def test_the_credentials_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file shown holds credentials that resolve."""
    import asyncio

    document = ROOT / "docs" / "settings" / "credentials.md"
    (block,) = [block for block in blocks(document, "json") if block.title]
    path = tmp_path / block.title
    path.write_text(block.text, "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    with Runtime() as runtime:
        for name in json.loads(block.text):
            assert asyncio.run(resolve(name, runtime.plugins)).name == name


@pytest.mark.parametrize(
    ("field", "rows"), [("grant", GRANTS), ("clientAuthentication", AUTHENTICATIONS)]
)
def test_each_way_to_a_token_is_shown_by_a_credential(
    field: str, rows: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables of grants and of clients hold all that there are, each with one that resolves."""
    import asyncio

    text = (ROOT / "docs" / "settings" / "credentials.md").read_text("utf-8")
    tables = text[text.index("### Grants") : text.index("### Keys")]
    examples = [json.loads(each) for each in re.findall(r"`(\{.*?\})` \|\n", tables)]
    shown = {each[field]: each for each in examples if field in each}
    assert set(shown) == set(rows)
    for example in shown.values():
        other = {"type": "oauth2", "grant": "clientCredentials", "issuer": "https://a.example"}
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", json.dumps(other | example))
        with Runtime() as runtime:
            assert asyncio.run(resolve("crm", runtime.plugins)).scheme == "oauth2"


@with_blocks("sh")
def test_commands_that_are_not_run_can_be_typed(document: Path) -> None:
    """What a document lists without its output has commands and options that exist."""
    for block in blocks(document, "sh"):
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["httptask"]:
                whole_parser().parse_args(words[1 : words.index(">") if ">" in words else None])
            elif words[:1] == ["make"]:
                assert words[1] in make_targets()
            elif words[:1] == [".venv/bin/python"]:
                assert (ROOT / words[1]).exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_options_and_variables_in_the_prose_exist(document: Path) -> None:
    """What a sentence names stands in the tables, which are held against the code."""
    spans = re.findall(r"`([^`\n]+)`", document.read_text("utf-8"))
    codes = [code for code in spans if not code.startswith("pip ")]
    options = {option for code in codes for option in re.findall(r"--[a-z-]+", code)}
    assert options <= column("docs/commands.md")
    variables = {name for code in codes for name in re.findall(r"HTTPTASK_[A-Z_]+", code)}
    assert variables <= {name.partition("<")[0] for name in column("docs/operating.md")}


# Links


def anchors(document: Path) -> set[str]:
    """Return the anchors of *document*, as GitHub makes them from headings."""
    prose = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_no_link_is_dead(document: Path) -> None:
    """Every relative link leads to a file that is there, and every anchor to a heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_readme_leads_everywhere() -> None:
    """Every document can be reached from the README by links, and the README is one page."""
    reached, queue = set(), [README]
    while queue:
        document = queue.pop()
        if document in reached:
            continue
        reached.add(document)
        links = re.findall(r"\]\(([^)\s#]+\.md)", document.read_text("utf-8"))
        queue += [(document.parent / link).resolve() for link in links if "://" not in link]
    assert reached == set(DOCUMENTS)
    assert len(README.read_text("utf-8").splitlines()) <= 120


def test_the_picture_is_small() -> None:
    """A clone does not pay for the picture, and the README shows it."""
    assert (ROOT / "docs" / "designer.png").stat().st_size < 120_000
    assert "](docs/designer.png)" in README.read_text("utf-8")


# Tables


def rows(document: str) -> list[list[str]]:
    """Return the cells of every row of the tables of *document*."""
    lines = (ROOT / document).read_text("utf-8").splitlines()
    split = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in split]


def column(document: str, number: int = 0) -> set[str]:
    """Return everything that stands as code in a column of *document*'s tables."""
    return {code for row in rows(document) for code in re.findall(r"`([^`]+)`", row[number])}


def test_every_hook_stands_in_the_table() -> None:
    """The table of hooks is complete and says how each answers."""
    table = {row[0]: row[1] for row in rows("docs/plugins.md") if row[0].startswith("`httptask_")}
    answers = {hook["name"]: hook["answers"] for hook in packaged.manifest()["hooks"]}
    assert table == {f"`{name}`": answer for name, answer in answers.items()}


def test_every_setting_stands_in_the_table() -> None:
    """The table of a task's settings has every field of its schema, and the schema's defaults."""
    properties = packaged.schema("http-task")["properties"]
    table = [row for row in rows("docs/settings/README.md") if row[0].startswith("`")]
    assert {name for row in table for name in re.findall(r"`(\w+)`", row[0])} == set(properties)
    for row in table:
        default = properties[row[0].strip("`").partition("`")[0]].get("default")
        if default is not None:
            assert row[1].strip("`") == str(default)


def test_the_task_with_everything_has_every_setting() -> None:
    """The task at the top of the settings sets every field; `end` stands for `nextTask`, and
    `pagination` for `completion`.
    """
    (block,) = blocks(ROOT / "docs/settings/README.md", "json")
    task = json.loads(block.text)
    schema = packaged.schema("http-task")
    assert {*task, "nextTask", "completion"} == set(schema["properties"])
    assert set(task["httpRequest"]) == set(schema["$defs"]["httpRequest"]["properties"])
    assert set(task["retry"]) == set(schema["properties"]["retry"]["properties"])


def test_every_outcome_stands_in_the_table() -> None:
    """The table of outcomes has every class that an error can have."""
    from httptask import errors

    kinds = {error.kind for error in errors.TaskError.__subclasses__()}
    assert len(kinds) > 10
    assert kinds <= column("docs/settings/retries.md")


def test_every_code_of_a_problem_stands_in_the_table() -> None:
    """The tables of problems have every code, its sentence, and the params that this is made of."""
    table = {row[0].strip("`"): row for row in rows("docs/problems.md") if row[0].startswith("`")}
    assert table.keys() == SENTENCES.keys()
    for code, template in SENTENCES.items():
        _, params, sentence = table[code]
        parts = list(string.Formatter().parse(template))
        assert {name for _, name, _, _ in parts if name} <= set(re.findall(r"`(\w+)`", params)), (
            code
        )
        # A param is in italics, with its brackets where it is written in some.
        shown = {
            name: f"[*{name}*]" if form == "extra" else f"*{name}*" for _, name, form, _ in parts
        }
        written = "".join(text + (shown[name] if name else "") for text, name, _, _ in parts)
        assert sentence.replace("`", "") == written.replace("`", "").replace("|", r"\|"), code


def test_the_problem_shown_is_one() -> None:
    """Its code and params make its sentence."""
    (shown,) = blocks(ROOT / "docs/problems.md", "text")
    problem = json.loads(shown.text)
    made = Problem.of(problem["code"], problem["pointer"], **problem["params"])
    assert made.to_json() == problem


OF_CODE = {
    "CatalogueError",
    "CodedError",
    "self._refusal",
    "CredentialError.of",
    "ExpressionError.of",
    "NoSuchNameError",
    "NotSentError.of",
    "PatternError",
    "PinFault",
    "Problem.of",
    "RefusedError",
    "_DamagedError",
    "_failed",
    "_result.RefusedError",
    "client.refused",
    "reason",
    "self._client.refused",
    "self.refused",
}
"""What is called with a code first."""


def test_no_problem_of_ours_is_without_a_code() -> None:
    """All are made by `Problem.of`, or of an error that has a code, with a sentence for it; each
    sentence is used, and what ends in another sentence has its code, not its words.
    """
    written: set[str] = set()
    for path in (ROOT / "plugin/httptask").rglob("*.py"):
        if path.parent.name == "errors":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called != "Problem", f"{path}:{node.lineno}"
                first = node.args[0] if node.args else None
                own_words = called in ("CredentialError", "ExpressionError")  # as plugins have
                assert not own_words, f"{path}:{node.lineno}"
                of_code = called in OF_CODE
                if of_code and isinstance(first, ast.Constant):
                    assert first.value in SENTENCES, f"{path}:{node.lineno}"
                for param in node.keywords:
                    is_text = isinstance(param.value, ast.Constant | ast.JoinedStr) or (
                        isinstance(param.value, ast.Call)
                        and ast.unparse(param.value.func) in ("str", "repr")
                    )
                    is_reason = called != "replace" and param.arg in ("reason", "nearest")
                    assert not (is_reason and is_text), f"{path}:{node.lineno}"
            elif isinstance(node, ast.Constant):
                written.add(str(node.value))
    assert SENTENCES.keys() <= written


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return our commands by name."""
    parsers = argparse.ArgumentParser().add_subparsers()
    for family in FAMILIES:
        family.add(parsers)
    choices: dict[str, argparse.ArgumentParser] = dict(parsers.choices)
    return choices


def actions(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands below a command by name."""
    below = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return {name: child for each in below for name, child in each.choices.items()}


def test_every_command_and_option_stands_in_a_table() -> None:
    """The tables of commands name all of them, and for each option the commands that have it."""
    table = rows("docs/commands.md")
    named = {code.split()[1] for code in column("docs/commands.md") if code.startswith("httptask ")}
    assert named == set(commands())
    documented = {
        option: set(re.split(r",\s*", row[1]))
        for row in table
        for option in re.findall(r"`(--[\w-]+)`", row[0])
    }
    having: dict[str, set[str]] = {}
    for name, parser in commands().items():
        for each in (parser, *actions(parser).values()):
            for option in each._option_string_actions:
                if option.startswith("--") and option != "--help":
                    having.setdefault(option, set()).add(name)
    assert documented.keys() == having.keys()
    for option, names in documented.items():
        assert names == having[option] or any(name.startswith("all") for name in names), option


def test_every_environment_variable_stands_in_the_table() -> None:
    """The table of operators has every variable that the code reads, and options that exist."""
    package = ROOT / "plugin" / "httptask"
    files = [path for path in package.rglob("*.py") if package / "testing" not in path.parents]
    code = "".join(path.read_text("utf-8") for path in files)
    code = re.sub(r"(?<=HTTPTASK_CREDENTIAL_)\w+", "", code)  # the name of one credential
    # HTTPTASK_SECRET is a name in a printed curl command.
    read = set(re.findall(r'"(HTTPTASK_[A-Z_]+)"', code)) - {"HTTPTASK_SECRET"}
    names = {name.partition("<")[0] for name in column("docs/operating.md")}
    table = {name for name in names if name.startswith("HTTPTASK_")}
    assert table == read
    assert column("docs/operating.md", 1) <= column("docs/commands.md")


def test_what_the_architecture_points_at_is_there() -> None:
    """Files that the tables name exist, and the picture shows the floors that `make lint`
    checks.
    """
    document = ROOT / "docs" / "architecture.md"
    text = document.read_text("utf-8")
    package = ROOT / "plugin" / "httptask"
    named = re.findall(r"`((?:\w+/)+[\w.]*|_\w+\.py)`", text)
    assert len(named) > 20
    for path in named:
        assert (package / path).exists() or (ROOT / path).exists(), path
    (picture,) = (block.text for block in blocks(document) if not block.language)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (floors,) = (
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    assert floors["exhaustive"], "every folder of the package is on a floor"
    assert re.findall(r"^\w+(?: \| \w+)*", picture, re.MULTILINE) == floors["layers"]


def make_targets() -> set[str]:
    """Return the commands that `make` alone lists."""
    listed = subprocess.check_output(["make", "-s"], cwd=ROOT, text=True)
    return {line.split()[1] for line in listed.splitlines() if line.startswith("make ")}


def test_what_contributors_read_of_the_tests_is_so() -> None:
    """The programs that `make tools` installs, the files that npm installs from, the marks, and the
    folders.
    """
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    (tools,) = re.findall(r"^TOOLS := (.+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    (listed,) = re.findall(r"real programs: (.+?)\. The pictures", text, re.DOTALL)
    assert set(re.findall(r"[a-z-]+", listed)) >= set(tools.split())
    tracked = subprocess.check_output(["git", "ls-files", "tests"], cwd=ROOT, text=True).split("\n")
    locks = {path for path in tracked if path.endswith("package-lock.json")}
    assert set(re.findall(r"`(tests/\S+package-lock\.json)`", text)) == locks
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    marks = {mark.partition(":")[0] for mark in project["tool"]["pytest"]["ini_options"]["markers"]}
    assert set(re.findall(r"Tests with `(\w+)`", text)) == marks
    package = ROOT / "plugin" / "httptask"
    mirrored = {path.parent.name.lstrip("_") for path in package.glob("*/__init__.py")}
    of_tests = {path.split("/")[1] for path in tracked if path.count("/") > 1}
    assert of_tests - {"bench", "data", "support"} <= mirrored


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_make_lists_its_commands(document: Path) -> None:
    """`make` alone names every command that a document names."""
    assert set(re.findall(r"`make ([a-z]+)", document.read_text("utf-8"))) <= make_targets()


# The cookbook of plugins


def recipe(hook: str) -> types.ModuleType:
    """Return the plugin that the cookbook shows for *hook*, as a module."""
    codes = [block.text for block in blocks(ROOT / "docs/plugins.md", "python") if not block.title]
    (code,) = [code for code in codes if f"\ndef {hook}(" in code]
    module = types.ModuleType(f"recipe_{hook}")
    sys.modules[module.__name__] = module  # expressions' languages are found by their module
    exec(compile(code, "docs/plugins.md", "exec"), vars(module))
    return module


HOOKS = [name for name in dir(hookspecs) if name.startswith("httptask_")]
PROTOCOLS = {
    "httptask_task_types": TaskType,
    "httptask_importers": Importer,
    "httptask_expression_languages": ExpressionLanguage,
    "httptask_auth_schemes": AuthScheme,
    "httptask_engines": Engine,
}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_recipe_is_a_plugin(hook: str) -> None:
    """Each hook has one, which registers, and what it brings is what its protocol says."""
    manager = plugin_manager(recipe(hook), entry_points=False)
    manager.check()
    if hook in NAMED:
        for thing in manager.named(hook).values():
            assert isinstance(thing, PROTOCOLS[hook])


def seed() -> Any:
    """Return the endpoint that ships."""
    with Catalogue.open() as catalogue:
        return catalogue.get(catalogue.search("procore send email")[0].id)


def test_the_recipe_for_egress_opens_one_port() -> None:
    """It refuses with a reason, and has no objection to 443."""
    check = recipe("httptask_check_egress").httptask_check_egress
    assert check("api.acme.example", "1.1.1.1", 80) == "only port 443 is open here"
    assert check("api.acme.example", "1.1.1.1", 443) is None


def test_the_recipe_for_credentials_knows_its_own_only() -> None:
    """It answers for what its vault has, and leaves other names to other stores."""
    store = recipe("httptask_credential").httptask_credential
    assert store("crm").secrets() == ("of-this-example",)
    assert store("maps") is None


def test_the_recipe_for_test_requests_leaves_them_to_others() -> None:
    """Without a worker it answers None at once, so that ours runs."""
    run = recipe("httptask_test_request").httptask_test_request
    assert run(types.SimpleNamespace(definition={}), None, None) is None


def test_the_recipe_for_requests_sets_a_header() -> None:
    """The request has it afterwards."""
    request = OutgoingRequest("GET", "https://api.acme.example/")
    recipe("httptask_prepare_request").httptask_prepare_request(request, None)
    assert request.header("x-request-source") == "workflows"


def test_the_recipe_for_metrics_counts() -> None:
    """Each exchange adds one to its outcome."""
    plugin = recipe("httptask_exchange_finished")
    plugin.httptask_exchange_finished(types.SimpleNamespace(outcome="success"), None)
    assert plugin.OUTCOMES == {"success": 1}


def test_the_recipe_for_commands_adds_one() -> None:
    """The command parses its argument and gives an exit status."""
    cli = argparse.ArgumentParser().add_subparsers()
    recipe("httptask_commands").httptask_commands(cli)
    assert cli.choices["owners"].parse_args(["acme"]).run(None) == 0


def test_the_recipe_for_importers_reads_its_format() -> None:
    """A line with a path is an endpoint, and any other is reported."""
    (importer,) = recipe("httptask_importers").httptask_importers()
    source = Source("a.requests", b"GET https://api.acme.example/orders\nGET nowhere")
    assert importer.recognises(source)
    endpoint, note = importer.read(source, ImportOptions())
    assert (endpoint.method, endpoint.path, endpoint.servers[0].url) == (
        "GET",
        "/orders",
        "https://api.acme.example",
    )
    assert (note.kind, note.line) == ("skipped", 2)


def test_the_recipe_for_languages_evaluates() -> None:
    """Names lead into the data, and one that is not there is said."""
    (language,) = recipe("httptask_expression_languages").httptask_expression_languages()
    assert language.evaluate(" input.rfi.id", {"input": {"rfi": {"id": 7}}}) == 7
    with pytest.raises(LookupError, match="rfi"):
        language.evaluate(" input.rfi.id", {"input": {}})


def test_the_recipe_for_schemes_authorises() -> None:
    """Both headers are set."""
    (scheme,) = recipe("httptask_auth_schemes").httptask_auth_schemes()
    request = OutgoingRequest("GET", "https://api.acme.example/")
    fields: dict[str, str | Secret] = {"tenant": "shop", "key": Secret("of-this-test")}
    scheme.authorise(request, Credential("acme", "tenant", fields))
    assert request.headers == [("X-Tenant", "shop"), ("X-Tenant-Key", "of-this-test")]


def test_the_recipe_for_schemas_adjusts_the_seeds() -> None:
    """The default that it sets stands in the schema of the endpoint that ships."""
    from httptask.settings import settings_schema

    schema = settings_schema(seed())
    recipe("httptask_refine_settings_schema").httptask_refine_settings_schema(schema, seed())
    assert schema["properties"]["headers"]["properties"]["Procore-Company-Id"]["default"] == 42


def test_the_recipes_for_tasks_and_engines_run() -> None:
    """A definition with the cookbook's task runs on the cookbook's engine."""
    from httptask import run_workflow

    recipes = [recipe("httptask_task_types"), recipe("httptask_engines")]
    manager = plugin_manager(*recipes, entry_points=False)
    note = {"type": "Note", "text": "RFI ${$.input.id}", "end": True}
    with Runtime(plugins=manager) as runtime:
        run = run_workflow(
            {"startTask": "Note", "tasks": {"Note": note}},
            {"id": 7},
            engine="logged",
            runtime=runtime,
        )
    assert (run.status, run.output) == ("Completed", "RFI 7")


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    """A Redis of this test's own, on the port of loopback that is given."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert any("eady to accept connections" in line for line in server.stdout)
        yield port
        server.terminate()


ONE_PROCESS = """
import asyncio, json, sys, types
from httptask import HttpTask, Runtime
from httptask.errors import TaskError
from httptask.plugins import plugin_manager

async def main():
    plugins = plugin_manager(plugin, entry_points=False)
    async with Runtime(plugins=plugins, allow_networks=["127.0.0.1"]) as runtime:
        task = HttpTask(json.loads(sys.argv[2]), name="t", runtime=runtime)
        return await asyncio.gather(*(task.acall() for _ in range(4)), return_exceptions=True)

plugin = types.ModuleType("recipe")
exec(compile(sys.argv[1], "docs/plugins.md", "exec"), vars(plugin))
print(*sorted(getattr(result, "kind", "success") for result in asyncio.run(main())))
"""


def outcomes_of_processes(definition: dict[str, Any], port: int, count: int) -> list[str]:
    """Return the outcomes of *count* processes that run the task four times, with the recipe."""
    processes = [process_of("httptask_rate_limiter", definition, port) for _ in range(count)]
    return [word for process in processes for word in process.communicate()[0].split()]


def process_of(hook: str, definition: dict[str, Any], port: int) -> subprocess.Popen[str]:
    """Start a process that runs the task four times, with the recipe for *hook*."""
    codes = [block.text for block in blocks(ROOT / "docs/plugins.md", "python") if not block.title]
    (code,) = [code for code in codes if f"\ndef {hook}(" in code]
    return subprocess.Popen(
        [sys.executable, "-c", ONE_PROCESS, code, json.dumps(definition)],
        env={**os.environ, "ACME_REDIS": f"redis://127.0.0.1:{port}"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_recipe_for_tokens_shares_them_over_processes(
    redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies while it refreshes leaves a lease that ends; the next one refreshes once,
    and gives the lease back.
    """
    hook = "httptask_token_store"
    with token_server() as server:
        written = server.credential("refreshToken", refreshToken="refresh-0")
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", written)
        definition = http(server.url + "/me", credentials="crm")
        server.held = threading.Event()
        dying = process_of(hook, definition, redis_port)
        assert server.asked.wait(servers.HANG_SECONDS)
        dying.kill()
        dying.communicate()
        server.held.set()
        server.held = None
        with redis.Redis(port=redis_port) as client:
            [lease] = client.scan_iter("httptask:lease:*")
            assert 0 < client.pttl(lease) <= 45_000
            client.pexpire(lease, 1)
        living = process_of(hook, definition, redis_port)
        assert living.communicate()[0].split() == ["success"] * 4
        assert server.granted == 1
        with redis.Redis(port=redis_port) as client:
            assert [*client.scan_iter("httptask:lease:*")] == []


def test_the_recipe_for_tokens_swaps_one_version_for_the_next(redis_port: int) -> None:
    """As the stores that ship do."""
    store = recipe("httptask_token_store").RedisTokens(f"redis://127.0.0.1:{redis_port}")

    async def run() -> None:
        assert await store.get("k:1") is None
        assert await store.swap("k:1", None, Token("ä", version="1", extra={"a": []}))
        assert not await store.swap("k:1", None, Token("b", version="2"))
        assert await store.get("k:1") == Token("ä", version="1", extra={"a": []})
        assert await store.lease("k:1", "a", 60)
        assert not await store.lease("k:1", "b", 60)
        await store.release("k:1", "b")
        assert not await store.lease("k:1", "b", 60)
        await store.release("k:1", "a")
        assert await store.lease("k:1", "b", 0.5)
        assert await store.swap("k:1", "1", None)
        assert await store.get("k:1") is None
        await store.client.aclose()

    asyncio.run(run())


def test_the_recipe_of_limits_shares_them_over_processes(redis_port: int) -> None:
    """Twelve requests of three processes, and five of them a day: five are sent."""
    rate = {"requests": 5, "seconds": 86400}
    with servers.raw_server(servers.respond(servers.OK)) as server:
        definition = http(server.url, rateLimit=rate, totalTimeoutSeconds=30)
        outcomes = outcomes_of_processes(definition, redis_port, 3)
        assert len(server.received) == 5
    assert sorted(outcomes) == ["success"] * 5 + ["timeout"] * 7


def test_the_recipe_of_limits_shares_what_a_server_said(redis_port: int) -> None:
    """A server that takes no more requests is not asked by other processes either."""
    headers = (("RateLimit", '"day";r=0;t=86400'), servers.JSON)
    with servers.raw_server(servers.respond(servers.response(b"{}", *headers))) as server:
        definition = http(server.url, totalTimeoutSeconds=30)
        first = outcomes_of_processes(definition, redis_port, 1)
        asked = len(server.received)
        assert outcomes_of_processes(definition, redis_port, 1) == ["timeout"] * 4
        assert len(server.received) == asked
    assert "success" in first


def test_without_its_redis_each_process_counts_alone() -> None:
    """A store that is down ends no task."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    rate = {"requests": 3, "seconds": 86400}
    with servers.raw_server(servers.respond(servers.OK)) as server:
        definition = http(server.url, rateLimit=rate, totalTimeoutSeconds=30)
        outcomes = outcomes_of_processes(definition, port, 3)
    assert sorted(outcomes) == ["success"] * 9 + ["timeout"] * 3


# The security notes

GROUNDS = {
    "egress",
    "redirects",
    "secrets at rest",
    "secrets in transit",
    "masking",
    "descriptions",
    "designer guards",
    "files",
    "tokens",
    "proxies",
    "insecure hosts",
    "TLS identity",
    "plugins",
}
NOTES = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and "::" in line
]


def test_the_security_notes_cover_every_ground() -> None:
    """Each ground has a row, and each row a threat, a rule and a test."""
    assert {row[0] for row in NOTES} == GROUNDS
    assert all(len(row) == 4 and all(row) for row in NOTES)


@pytest.mark.parametrize("name", sorted({name for row in NOTES for name in row[3].split(", ")}))
def test_a_test_of_the_security_notes_exists(name: str) -> None:
    """A rule is held by a test of the suite, which is found where the notes say."""
    path, _, function = name.strip("`").partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert function.startswith("test_")
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
