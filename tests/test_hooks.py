"""Hooks and the plugin manager: built-ins use the same doors as strangers; every door is
documented, called and refused well.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

import servers
from httptask import hookimpl, hookspecs
from httptask._core import packaged
from httptask.cli import main
from httptask.errors import DescriptionError, PluginError
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import Exchange, OutgoingRequest
from httptask.model.task import Inputs, TestOptions
from httptask.model.workflow import WorkflowRun
from httptask.plugins import BUILT_INS, NAMED, plugin_manager
from httptask.protocols import (
    AuthContext,
    AuthScheme,
    Engine,
    ExpressionLanguage,
    Importer,
    ImportOptions,
    Source,
    TaskType,
)
from httptask.task import HttpTask
from httptask.testing import StandIn
from tasks import RFI, call, email_task, exchange, failure, http, runtime

HOOKS = {name: getattr(hookspecs, name) for name in dir(hookspecs) if name.startswith("httptask_")}
FIRST = {
    *("httptask_test_request", "httptask_credential", "httptask_token_store"),
    "httptask_rate_limiter",
}
OK = servers.respond(servers.response(b'{"ok": true}', servers.JSON))


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_its_own_manual(name: str) -> None:
    """Each hook says who calls it, what an exception does, and has a plugin to paste with its exact
    arguments.
    """
    manual = inspect.getdoc(HOOKS[name]) or ""
    for needed in ("Called", "exception", "@httptask.hookimpl", f"def {name}("):
        assert needed in manual, needed
    given = re.search(rf"def {name}\((.*?)\)", manual)
    assert given is not None
    assert (
        given.group(1).split(", ") == [*inspect.signature(HOOKS[name]).parameters]
        or given.group(1) == ""
    )
    code = textwrap.dedent(manual[manual.index("    @httptask.hookimpl") :])
    compile(code, name, "exec")


def test_the_order_of_call_names_every_hook() -> None:
    """The diagram at the top of the hookspecs leaves none out."""
    assert {name for name in HOOKS if name in (hookspecs.__doc__ or "")} == set(HOOKS)


def test_first_answer_hooks_are_those_of_the_design_and_our_answers_come_last() -> None:
    """Only these stop at the first answer, and a stranger is always asked before us; no
    security question is one.
    """
    manager = plugin_manager(entry_points=False)
    for name in HOOKS:
        caller = getattr(manager.hook, name)
        assert caller.spec is not None
        assert bool(caller.spec.opts["firstresult"]) == (name in FIRST)
        if name in FIRST:
            assert all(implementation.trylast for implementation in caller.get_hookimpls())
            assert not any(
                inspect.iscoroutinefunction(one.function) for one in caller.get_hookimpls()
            )


def test_built_ins_come_through_the_hooks_and_nowhere_else() -> None:
    """Every named thing that ships is brought by a registered built-in plugin, and satisfies its
    protocol.
    """
    manager = plugin_manager(entry_points=False)
    manifest = packaged.manifest()
    protocols = {
        "httptask_task_types": (TaskType, manifest["taskTypes"]),
        "httptask_importers": (Importer, manifest["importers"]),
        "httptask_expression_languages": (ExpressionLanguage, manifest["expressionLanguages"]),
        "httptask_auth_schemes": (AuthScheme, manifest["authSchemes"]),
        "httptask_engines": (Engine, manifest["engines"]),
    }
    assert protocols.keys() == NAMED.keys()
    for hook, (protocol, names) in protocols.items():
        things = manager.named(hook)
        assert sorted(things) == sorted(names)
        for name, thing in things.items():
            assert isinstance(thing, protocol), name
            assert manager.provider_of(hook, name) in BUILT_INS


class Everything:
    """A stranger's plugin that implements every hook and notes each call."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        self.calls.append("httptask_task_types")
        return []

    @hookimpl
    def httptask_importers(self) -> list[Any]:
        self.calls.append("httptask_importers")
        return [Wadl()]

    @hookimpl
    def httptask_expression_languages(self) -> list[Any]:
        self.calls.append("httptask_expression_languages")
        return [Shout()]

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        self.calls.append("httptask_auth_schemes")
        return [Signed()]

    @hookimpl
    def httptask_engines(self) -> list[Any]:
        self.calls.append("httptask_engines")
        return [Nowhere()]

    @hookimpl
    def httptask_commands(self, cli: Any) -> None:
        self.calls.append("httptask_commands")

    @hookimpl
    def httptask_test_request(self, task: Any, inputs: Inputs, options: TestOptions) -> None:
        self.calls.append("httptask_test_request")

    @hookimpl
    def httptask_credential(self, name: str) -> Credential | None:
        self.calls.append("httptask_credential")
        return (
            Credential(name, "signed", {"secret": Secret("s3cr3t-of-signed")})
            if name == "theirs"
            else None
        )

    @hookimpl
    def httptask_token_store(self) -> None:
        self.calls.append("httptask_token_store")

    @hookimpl
    def httptask_refine_settings_schema(self, schema: dict[str, Any], endpoint: Endpoint) -> None:
        self.calls.append("httptask_refine_settings_schema")
        schema["properties"]["headers"]["properties"]["X-Refined"] = {"const": "yes"}

    @hookimpl
    def httptask_prepare_request(self, request: OutgoingRequest, task: Any) -> None:
        self.calls.append("httptask_prepare_request")
        assert request.header("X-Signature") is None  # the last change before authorising
        request.set_header("X-Prepared", task.name)

    @hookimpl
    def httptask_check_egress(self, host: str, address: str, port: int) -> None:
        self.calls.append("httptask_check_egress")

    @hookimpl
    def httptask_rate_limiter(self) -> None:
        self.calls.append("httptask_rate_limiter")

    @hookimpl
    def httptask_exchange_finished(self, exchange: Exchange, task: Any) -> None:
        self.calls.append("httptask_exchange_finished")
        assert "s3cr3t" not in json.dumps(exchange.to_json())
        raise RuntimeError("metrics are down")


class Wadl:
    name = "wadl"

    def recognises(self, source: Source) -> bool:
        return source.data.startswith(b"WADL")

    def read(self, source: Source, options: ImportOptions) -> list[Endpoint]:
        return [Endpoint("w", "GET", "/w", options.provider or "wadl")]


class Shout:
    name = "shout"
    prefix = "shout:"

    def check(self, source: str) -> None:
        return None

    def is_cheap(self, source: str) -> bool:
        return True

    def evaluate(self, source: str, data: Any) -> Any:
        return source.strip().upper()


class Signed:
    name = "signed"
    fields = {"secret": "secret"}  # noqa: RUF012

    async def authorise(
        self, request: OutgoingRequest, credential: Credential, context: AuthContext
    ) -> None:
        value = credential.fields["secret"]
        assert isinstance(value, Secret)
        assert await context.tokens.peek({}) is None
        request.set_header("X-Signature", f"{request.header('X-Prepared')} {value.reveal()[::-1]}")


class Nowhere:
    name = "nowhere"

    async def run(self, definition: Any, options: Any, runtime: Any) -> WorkflowRun:
        return WorkflowRun("id", definition.name, "Completed", output="ran nowhere")


def test_a_stranger_is_called_at_every_door() -> None:
    """One task, one import, one run: every hook of the plugin was called, in the documented order
    where there is one.
    """
    plugin = Everything()
    definition = email_task("", credentials="theirs")
    definition["httpRequest"]["headers"]["X-Refined"] = "yes"
    definition["httpRequest"]["body"]["communication"]["subject"] = "${shout: hello}"
    with StandIn() as server:
        definition["httpRequest"]["url"] = server.url + definition["httpRequest"]["url"]
        seen = exchange(definition, plugin, inputs=RFI)
        (received,) = server.requests
    assert seen.outcome == "success", seen.error
    assert received.values("X-Prepared") == ["task"]
    assert received.values("X-Signature") == ["task dengis-fo-t3rc3s"]
    assert json.loads(received.body)["communication"]["subject"] == "HELLO"
    during = [name for name in plugin.calls if name not in NAMED]
    assert during == [
        "httptask_test_request",
        "httptask_refine_settings_schema",
        "httptask_rate_limiter",
        "httptask_credential",
        "httptask_prepare_request",
        "httptask_token_store",
        "httptask_check_egress",
        "httptask_exchange_finished",
    ]
    manager = plugin_manager(plugin, entry_points=False)
    assert read_api("a.wadl", data=b"WADL", plugins=manager).endpoints[0].path == "/w"
    from httptask.engines import run_workflow

    with runtime(plugin) as shared:
        run = run_workflow(
            {"name": "n", "startTask": "A", "tasks": {"A": http("https://h/")}},
            engine="nowhere",
            runtime=shared,
        )
    assert run.output == "ran nowhere"
    assert set(plugin.calls) == set(HOOKS) - {
        "httptask_commands"
    }  # the command line's own test calls that one


def test_a_refined_schema_counts() -> None:
    """What a plugin adds to the schema is enforced."""
    with runtime(Everything()) as shared:
        task = email_task("https://h")
        task["httpRequest"]["headers"]["X-Refined"] = "no"
        assert [problem.pointer for problem in HttpTask(task, runtime=shared).problems()] == [
            "/httpRequest/headers/X-Refined"
        ]


def test_a_failing_observer_is_logged_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """httptask_exchange_finished may fail; the task does not, and later observers are still
    told.
    """
    told: list[str] = []

    class Before:
        @hookimpl(trylast=True)
        def httptask_exchange_finished(self, exchange: Exchange) -> None:
            told.append(exchange.outcome)

    class Broken:
        @hookimpl(tryfirst=True)
        def httptask_exchange_finished(self) -> None:
            raise RuntimeError("metrics are down")

    with servers.raw_server(OK) as server, caplog.at_level(logging.ERROR, "httptask"):
        assert call(http(server.url), Before(), Broken()).body == {"ok": True}
        assert failure(http("http://127.0.0.1:1"), Before()).kind == "connection"
    assert told == ["success", "connection"]
    assert "metrics are down" in caplog.text


def test_a_plugin_that_cannot_prepare_ends_the_task_before_anything_is_sent() -> None:
    """An exception in httptask_prepare_request, or a request that no longer is one, is that
    plugin's error; nothing goes out.
    """

    class Broken:
        def __init__(self, change: Callable[[OutgoingRequest], object]) -> None:
            self._change = change

        @hookimpl
        def httptask_prepare_request(self, request: OutgoingRequest) -> None:
            self._change(request)

    def raises(request: OutgoingRequest) -> None:
        raise LookupError("no trace id")

    changes: list[Any] = [
        raises,
        lambda request: setattr(request, "url", None),
        lambda request: setattr(request, "url", "http://h:99999/"),
        lambda request: request.headers.append(("X", 5)),
        lambda request: request.headers.append(("X Y", "z")),
        lambda request: setattr(request, "body", "text"),
    ]
    for change in changes:
        with servers.raw_server(OK) as server, runtime(Broken(change)) as shared:
            with pytest.raises(
                PluginError, match=r"Broken failed in httptask_prepare_request|implements it failed"
            ):
                HttpTask(http(server.url), runtime=shared).call()
            assert not server.connections


def test_a_host_can_run_the_test_request_elsewhere() -> None:
    """The first answer counts, and a stranger's comes before ours: an awaitable that runs somewhere
    else.
    """

    class Elsewhere:
        @hookimpl
        def httptask_test_request(self, task: HttpTask, inputs: Inputs) -> Awaitable[Exchange]:
            async def run() -> Exchange:
                return Exchange(
                    (), "success", error=f"ran {task.name} in the worker with {inputs.input}"
                )

            return run()

    with runtime(Elsewhere()) as shared:
        seen = HttpTask(http("http://127.0.0.1:1"), name="A", runtime=shared).test_request(
            Inputs(input=3)
        )
    assert seen.error == "ran A in the worker with 3"


def test_two_things_of_one_name_are_refused_with_both_providers() -> None:
    """A clash names both plugins and the thing."""

    class Mine:
        @hookimpl
        def httptask_auth_schemes(self) -> list[Any]:
            scheme = Signed()
            scheme.name = "bearer"
            return [scheme]

    with pytest.raises(PluginError) as caught:
        plugin_manager(Mine(), entry_points=False)
    for needed in ("auth scheme 'bearer'", "httptask.credentials.plugin", "Mine"):
        assert needed in str(caught.value)


def test_a_misspelt_hook_is_refused() -> None:
    """pluggy would be silent; we are not."""

    class Typo:
        @hookimpl
        def httptask_chek_egress(self) -> None: ...

    with pytest.raises(PluginError, match="httptask_chek_egress"):
        plugin_manager(Typo(), entry_points=False)


def test_a_wrong_argument_is_refused() -> None:
    """An argument the hook does not have is named."""

    class Typo:
        @hookimpl
        def httptask_check_egress(self, hots: str) -> None: ...

    with pytest.raises(PluginError, match="hots"):
        plugin_manager(Typo(), entry_points=False)


def test_managers_share_nothing() -> None:
    """A plugin of one manager is not seen by the next: nothing is global."""
    first = plugin_manager(Everything(), entry_points=False)
    second = plugin_manager(entry_points=False)
    assert "wadl" in first.named("httptask_importers")
    assert "wadl" not in second.named("httptask_importers")


def raising(name: str) -> Any:
    """Return a plugin whose *name* raises."""

    class Raises:
        pass

    def implementation(self: Any) -> None:
        raise KeyError("oh no")

    implementation.__name__ = name
    setattr(Raises, name, hookimpl(implementation))
    Raises.__qualname__ = "Raises"
    return Raises()


@pytest.mark.parametrize("name", ["httptask_refine_settings_schema", "httptask_test_request"])
def test_a_failing_plugin_is_named_and_no_foreign_exception_gets_out(name: str) -> None:
    """What a stranger raises becomes a PluginError that says who and where."""
    with runtime(raising(name)) as shared:
        task = HttpTask(email_task("https://h"), runtime=shared)
        with pytest.raises(PluginError, match=rf"Raises failed in {name}: KeyError: 'oh no'"):
            task.test_request(RFI)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_plugin_that_fails_to_bring_is_named(name: str) -> None:
    """The same when the manager is made."""
    with pytest.raises(PluginError, match=rf"Raises failed in {name}"):
        plugin_manager(raising(name), entry_points=False)


def test_a_plugin_does_not_end_the_process() -> None:
    """That one of its functions leaves as a script does is a fault of the plugin like another; of
    an observer it changes nothing.
    """

    class Leaves:
        name = "leaving"
        fields: Any = {}  # noqa: RUF012

        def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
            sys.exit(3)

        @hookimpl
        def httptask_auth_schemes(self) -> list[Any]:
            return [self]

        @hookimpl
        def httptask_check_egress(self) -> str | None:
            sys.exit(3)

        @hookimpl
        def httptask_exchange_finished(self) -> None:
            sys.exit(3)

        @hookimpl
        def httptask_credential(self, name: str) -> Credential | None:
            if name == "lost":
                sys.exit(3)
            return Credential(name, "leaving", {})

    refused = failure(http("http://127.0.0.1:1"), Leaves())
    assert refused.kind == "blocked"
    assert "httptask_check_egress: SystemExit: 3" in str(refused)
    for name, reason in (("lost", "httptask_credential: SystemExit: 3"), ("k", "'k': 3")):
        task = http("http://127.0.0.1:1") | {"credentials": name}
        assert reason in str(failure(task, Leaves()))


def test_a_failing_importer_or_engine_is_named() -> None:
    """An importer's exception is a DescriptionError, an engine's a PluginError; both say whose."""

    class Broken(Wadl):
        def read(self, source: Source, options: ImportOptions) -> list[Endpoint]:
            raise ZeroDivisionError("oh no")

    class Dead(Nowhere):
        async def run(self, definition: Any, options: Any, runtime: Any) -> WorkflowRun:
            raise ZeroDivisionError("oh no")

    class Plugin:
        @hookimpl
        def httptask_importers(self) -> list[Any]:
            return [Broken()]

        @hookimpl
        def httptask_engines(self) -> list[Any]:
            return [Dead()]

    from httptask.engines import run_workflow

    with runtime(Plugin()) as shared:
        with pytest.raises(DescriptionError, match="importer wadl failed: ZeroDivisionError"):
            read_api("a.wadl", data=b"WADL", plugins=shared.plugins)
        definition = {"startTask": "A", "tasks": {"A": http("https://h/")}}
        with pytest.raises(PluginError, match=r"engine nowhere of the plugin .*Plugin failed"):
            run_workflow(definition, engine="nowhere", runtime=shared)


def test_two_languages_of_one_prefix_are_refused_with_both_providers() -> None:
    """A prefix selects a language, so it belongs to one."""

    class Plugin:
        @hookimpl
        def httptask_expression_languages(self) -> list[Any]:
            language = Shout()
            language.prefix = "jsonata:"
            return [language]

    with pytest.raises(
        PluginError,
        match=r"'jsonata:': jsonata of httptask\.expressions\.plugin and shout of .*Plugin",
    ):
        plugin_manager(Plugin(), entry_points=False)


def test_sync_calls_inside_an_event_loop_say_what_to_do() -> None:
    """`call` where a loop runs already names its async twin."""

    async def inside() -> None:
        async with runtime() as shared:
            HttpTask(http("https://h/"), runtime=shared).call()

    with pytest.raises(RuntimeError, match="acall"):
        asyncio.run(inside())


# A third party, installed for real: found through its entry point by commands in a process of their
# own.

ACME = """
import httptask
from httptask.model.credential import Credential, Secret
from httptask.model.workflow import TaskOutcome


class Wait:
    name = "Acme.Note"
    schema = {"type": "object", "required": ["type", "text"], "properties": {"text": {"type": "string"}}}

    def problems(self, check):
        return check.services.expression_problems(check.definition["text"], check.pointer + "/text")

    async def run(self, call):
        text = await call.services.evaluate(call.definition["text"], call.inputs.document(), call.pointer + "/text")
        return TaskOutcome(output={"noted": text})


@httptask.hookimpl
def httptask_task_types():
    return [Wait()]


@httptask.hookimpl
def httptask_credential(name):
    return Credential(name, "bearer", {"token": Secret("acme-vault-token")}) if name == "acme" else None


@httptask.hookimpl
def httptask_commands(cli):
    parser = cli.add_parser("acme", help="say hello from acme")
    parser.add_argument("who")
    parser.set_defaults(run=lambda arguments: print("hello", arguments.who) or 0)
"""


@pytest.fixture
def acme(tmp_path: Path) -> dict[str, str]:
    """Install the distribution `acme-httptask` on a path of its own and return the environment that
    sees it.
    """
    site = tmp_path / "site"
    info = site / "acme_httptask-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_httptask.py").write_text(ACME)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-httptask\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[httptask]\nacme = acme_httptask\n")
    return {
        **os.environ,
        "PYTHONPATH": str(site),
        "HTTPTASK_CATALOGUE": str(tmp_path / "catalogue.sqlite3"),
        "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
    }


def httptask(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "httptask", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=servers.HANG_SECONDS,
        check=False,
    )


@pytest.mark.slow
def test_an_installed_plugin_brings_a_task_type_a_credential_store_and_a_command(
    acme: dict[str, str], tmp_path: Path
) -> None:
    """Nothing but an entry point: its task type runs in a workflow, its credential goes on the
    wire, its command answers.
    """
    listed = json.loads(httptask(acme, "plugins", "--json").stdout)["plugins"]
    assert {"plugin": "acme", "brings": {"task type": ["Acme.Note"]}}.items() <= next(
        entry for entry in listed if entry["plugin"] == "acme"
    ).items()
    with servers.raw_server(servers.echo_json()) as server:
        definition = {
            "name": "With acme",
            "startTask": "Ask",
            "tasks": {
                "Ask": {**http(server.url, credentials="acme"), "end": None, "nextTask": "Note"},
                "Note": {
                    "type": "Acme.Note",
                    "text": "got ${$.tasks['Ask'].output.statusCode}",
                    "end": True,
                },
            },
        }
        path = tmp_path / "flow.json"
        path.write_text(json.dumps(definition))
        assert httptask(acme, "validate", str(path)).returncode == 0
        done = httptask(acme, "run", str(path), "--json")
        assert b"Authorization: Bearer acme-vault-token" in server.received[0]
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == {"noted": "got 200"}
    assert "acme-vault-token" not in done.stdout
    definition["tasks"]["Note"]["text"] = 5  # type: ignore[index]
    path.write_text(json.dumps(definition))
    refused = httptask(acme, "validate", str(path))
    assert refused.returncode == 1
    assert "/tasks/Note/text: expected a string" in refused.stdout
    assert httptask(acme, "acme", "you").stdout == "hello you\n"
    assert "say hello from acme" in httptask(acme, "--help").stdout


@pytest.mark.parametrize(
    ("body", "words", "says"),
    [
        (
            "raise KeyError('oh no')",
            ["--strict-plugins", "--help"],
            "the plugin acme failed in httptask_commands: KeyError",
        ),
        (
            "cli.add_parser('run')",
            ["--strict-plugins", "--help"],
            "the plugin acme failed in httptask_commands",
        ),
        ("cli.add_parser('acme')", ["acme"], "no default `run`"),
        (
            "cli.add_parser('acme').set_defaults(run=lambda arguments: 1 / 0)",
            ["acme"],
            "unexpected ZeroDivisionError",
        ),
    ],
    ids=["raises", "takes a name of ours", "has no run", "run raises"],
)
def test_a_command_of_a_plugin_that_fails_is_one_line(
    acme: dict[str, str], tmp_path: Path, body: str, words: list[str], says: str
) -> None:
    """Whatever is wrong with a stranger's command, there is one message and no traceback."""
    code = f"import httptask\n@httptask.hookimpl\ndef httptask_commands(cli):\n    {body}\n"
    (tmp_path / "site" / "acme_httptask.py").write_text(code)
    done = httptask(acme, *words)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


BROKEN = {
    "cannot be imported": ("import nothing_of_that_name", "nothing_of_that_name"),
    "ends the process": ("raise RuntimeError('no licence')", "no licence"),
    "misspells a hook": (
        "import httptask\n@httptask.hookimpl\ndef httptask_chek_egress(): ...",
        "httptask_chek_egress",
    ),
    "a wrong argument": (
        "import httptask\n@httptask.hookimpl\ndef httptask_check_egress(hots): ...",
        "hots",
    ),
    "leaves as a script does": ("import sys\nsys.exit(3)", "cannot be loaded: SystemExit: 3"),
    "raises when asked": (
        "import httptask\n@httptask.hookimpl\ndef httptask_engines(): 1 / 0",
        "ZeroDivisionError",
    ),
    "answers nothing": (
        "import httptask\n@httptask.hookimpl\ndef httptask_importers(): pass",
        "failed in httptask_importers",
    ),
    "clashes with ours": (
        (
            "import httptask, types\n@httptask.hookimpl\n"
            "def httptask_auth_schemes(): return [types.SimpleNamespace(name='basic')]"
        ),
        "two plugins bring the auth scheme 'basic'",
    ),
    "commands that raise": (
        "import httptask\n@httptask.hookimpl\ndef httptask_commands(cli): 1 / 0",
        "httptask_commands",
    ),
}


@pytest.mark.parametrize("text", ["false", "no", "true", " 1"])
def test_a_variable_that_is_neither_yes_nor_no_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`HTTPTASK_STRICT_PLUGINS=false` is not taken for yes, and `true` not for no."""
    monkeypatch.setenv("HTTPTASK_STRICT_PLUGINS", text)
    with pytest.raises(PluginError, match=f"STRICT_PLUGINS is '{text}'; expected 1, or 0"):
        plugin_manager()
    assert main(["plugins"]) == 2
    assert "expected 1, or 0" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("code", "reason"), BROKEN.values(), ids=BROKEN)
def test_one_broken_plugin_is_named_and_left_out(
    acme: dict[str, str], tmp_path: Path, code: str, reason: str
) -> None:
    """No command ends because of it; `--strict-plugins` and its variable are for those who want
    that.
    """
    (tmp_path / "site" / "acme_httptask.py").write_text(code)
    words = ["--help"] if "httptask_commands" in code else ["plugins"]
    done = httptask(acme, *words)
    assert done.returncode == 0, done.stderr
    assert "the plugin acme is left out: " in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    strict = httptask(acme, "--strict-plugins", *words)
    by_variable = httptask({**acme, "HTTPTASK_STRICT_PLUGINS": "1"}, *words)
    for refused in (strict, by_variable):
        assert refused.returncode == 2
        assert "acme" in refused.stderr
        assert reason in refused.stderr
        assert "Traceback" not in refused.stderr
    assert httptask({**acme, "HTTPTASK_STRICT_PLUGINS": "0"}, *words).returncode == 0
    # stderr stays JSON for programs, who read of it in the list.
    listed = httptask(acme, "plugins", "--json")
    if words == ["plugins"]:
        assert listed.stderr == ""
        assert reason in json.loads(listed.stdout)["leftOut"]["acme"]


def test_the_other_plugins_go_on_without_a_broken_one(acme: dict[str, str], tmp_path: Path) -> None:
    """What another installed plugin brings is there all the same."""
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[httptask]\nbroken = broken_httptask\n")
    code = "import httptask\n@httptask.hookimpl\ndef httptask_commands(cli):\n"
    (tmp_path / "site" / "broken_httptask.py").write_text(
        code + "    cli.add_parser('theirs')\n    1 / 0\n"
    )
    done = httptask(acme, "acme", "you")
    assert done.stdout == "hello you\n"
    assert "the plugin broken is left out" in done.stderr


class Wrapped:
    """Wraps two hooks: notes what passes, and takes one scheme away and adds one."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl(wrapper=True)
    def httptask_exchange_finished(self, exchange: Exchange) -> Any:
        self.seen.append(("before", exchange.outcome))
        result = yield
        self.seen.append(("after", result))
        return result

    @hookimpl(wrapper=True)
    def httptask_auth_schemes(self) -> Any:
        answers = yield
        return [*([one for one in answer if one.name != "basic"] for answer in answers), [Signed()]]


def test_wrappers_run_around_every_hook() -> None:
    """pluggy's own call loop calls hooks, so a wrapper runs once, sees the answers and may change
    them.
    """
    plugin = Wrapped()
    with servers.raw_server(OK) as server, runtime(plugin) as shared:
        HttpTask(http(server.url), runtime=shared).call()
    assert plugin.seen == [("before", "success"), ("after", [])]
    schemes = plugin_manager(plugin, entry_points=False).named("httptask_auth_schemes")
    assert set(schemes) == {*packaged.manifest()["authSchemes"], "signed"} - {"basic"}


def test_an_old_style_wrapper_runs() -> None:
    """`hookwrapper=True` is pluggy's older form of the same."""

    class Old:
        seen: ClassVar[list[str]] = []

        @hookimpl(hookwrapper=True)
        def httptask_exchange_finished(self, exchange: Exchange) -> Any:
            yield
            self.seen.append(exchange.outcome)

    with servers.raw_server(OK) as server, runtime(Old()) as shared:
        HttpTask(http(server.url), runtime=shared).call()
    assert Old.seen == ["success"]


@pytest.mark.parametrize("times", [0, 2])
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_wrapper_that_does_not_yield_once_is_named(times: int, style: str) -> None:
    """It has ended, or waits, when pluggy complains: it is in no traceback. One beside it is not
    blamed.
    """

    class Odd:
        @hookimpl(**{style: True})
        def httptask_auth_schemes(self) -> Any:
            for _ in range(times):
                yield

    with pytest.raises(PluginError, match=r"Odd failed in httptask_auth_schemes"):
        plugin_manager(Wrapped(), Odd(), entry_points=False).named("httptask_auth_schemes")


def test_a_wrapper_that_fails_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """An observer's wrapper changes no outcome; one of a hook that brings things is refused by
    name.
    """

    class Fails:
        @hookimpl(wrapper=True)
        def httptask_exchange_finished(self) -> Any:
            yield
            raise ValueError("no disk")

    class Spoils:
        @hookimpl(wrapper=True)
        def httptask_engines(self) -> Any:
            yield
            return 7

    with servers.raw_server(OK) as server, runtime(Fails()) as shared:
        assert HttpTask(http(server.url), runtime=shared).call().status_code == 200
    assert "Fails failed in httptask_exchange_finished: ValueError: no disk" in caplog.text
    with pytest.raises(
        PluginError, match=r"wrapper of .*Spoils turned the answer of httptask_engines into 7"
    ):
        plugin_manager(Spoils(), entry_points=False)
