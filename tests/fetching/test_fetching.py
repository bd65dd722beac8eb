"""Importing what is elsewhere: a package by the real npm client, and one description at an
address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import servers
from httptask.catalogue import Catalogue
from httptask.cli import main
from imports import LOCAL, as_json, description, is_running, paths, running, until
from registry import Registry, answering, npm_is_set_to, packed


class Imported:
    """What one `httptask import` did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Import = Callable[..., Imported]


@pytest.fixture
def importing(capsys: pytest.CaptureFixture[str]) -> Import:
    """Give a function that runs `httptask import`."""

    def run(*words: str) -> Imported:
        status = main(["import", *words])
        said = capsys.readouterr()
        return Imported(status, said.out, said.err)

    return run


THINGS = json.dumps(description(1, 1))


# A package


@pytest.mark.parametrize("name", ["descriptions", "@acme/descriptions"])
def test_a_package_is_brought_and_read_and_nothing_else_is_left(
    name: str, registry: Registry, importing: Import, tmp_path: Path
) -> None:
    """Every description in it is in the catalogue, under the package's name, and the temporary
    folder is gone.
    """
    files = {f"api/{number}.json": json.dumps(description(number, 1)) for number in range(6)}
    registry.publish(name, "1.2.3", {**files, "lib/index.js": "throw new Error()"})
    done = importing(f"npm:{name}", "--json")
    assert done.status == 0, done.err
    sources = [each["source"] for each in json.loads(done.out)["sources"]]
    assert sources == [f"npm:{name}/package/api/{number}.json" for number in range(6)]
    assert paths() == {f"/things{number}/0" for number in range(6)}
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_version_is_taken_as_named_and_the_next_one_replaces_it(
    registry: Registry, importing: Import
) -> None:
    """An old version when it is asked for; what a later one no longer describes is removed."""
    registry.publish("descriptions", "1.0.0", {"a.json": json.dumps(description(1, 2))})
    registry.publish("descriptions", "2.0.0", {"a.json": json.dumps(description(1, 1))})
    assert importing("npm:descriptions@1.0.0").status == 0
    assert paths() == {"/things1/0", "/things1/1"}
    assert importing("npm:descriptions").status == 0
    assert paths() == {"/things1/0"}


def test_references_between_files_of_a_package_are_followed(
    registry: Registry, importing: Import
) -> None:
    """Also when there are so many descriptions that the package has been gone through before they
    are read.
    """
    files = {}
    for number in range(8):
        api = description(number, 1)
        api["components"] = {"schemas": {"Thing": {"$ref": "../parts.json#/Thing"}}}
        files[f"api/{number}.json"] = json.dumps(api)
    parts = json.dumps({"Thing": {"type": "object", "properties": {"of_part": {"type": "string"}}}})
    registry.publish("descriptions", "1.0.0", {**files, "parts.json": parts})
    done = importing("npm:descriptions")
    assert done.status == 0, done.err
    with Catalogue.open() as catalogue:
        named = [each for each in catalogue.endpoints() if "of_part" in json.dumps(each.to_json())]
    assert len(named) == 8


def test_no_script_of_a_package_runs(registry: Registry, importing: Import, tmp_path: Path) -> None:
    """Whatever npm would run for it when it is installed, packed or prepared."""
    trace = tmp_path / "trace"
    names = ("preinstall", "install", "postinstall", "prepack", "prepare", "postpack", "prepublish")
    scripts = {name: f"echo {name} >> {trace}" for name in names}
    registry.publish("descriptions", "1.0.0", {"a.json": THINGS}, scripts=scripts)
    assert importing("npm:descriptions").status == 0
    assert paths() == {"/things1/0"}
    assert not trace.exists()


def test_what_the_registry_did_not_promise_is_not_imported(
    registry: Registry, importing: Import
) -> None:
    """The integrity is npm's to check: another archive than the one that was promised ends in its
    own sentence.
    """
    wrong = "sha512-" + base64.b64encode(hashlib.sha512(b"another").digest()).decode()
    registry.publish("descriptions", "1.0.0", {"a.json": THINGS}, integrity=wrong)
    done = importing("npm:descriptions")
    assert done.status == 2
    assert "(EINTEGRITY)" in done.err
    assert "not what the registry promised" in done.err
    assert paths() == set()


def test_a_package_or_a_version_that_is_not_there(registry: Registry, importing: Import) -> None:
    """Each has a sentence of its own."""
    registry.publish("descriptions", "1.0.0", {"a.json": THINGS})
    absent, version = importing("npm:nothing-here"), importing("npm:descriptions@9.9.9")
    assert (absent.status, version.status) == (2, 2)
    assert "there is no such package or version" in absent.err
    assert "there is no such version" in version.err


@pytest.mark.npm
def test_without_a_network_it_says_what_to_do_instead(
    importing: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No registry at the address that npm is set to."""
    with servers.raw_server(servers.close_at_once()) as server:
        url = server.url
    npm_is_set_to(monkeypatch, url, tmp_path)
    done = importing("npm:descriptions")
    assert done.status == 2
    assert "npm does not reach its registry (ECONNREFUSED)" in done.err
    assert "run `npm pack descriptions` where it works, and import the .tgz file" in done.err


def test_without_npm_it_says_what_to_do_instead(
    importing: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is installed for anybody."""
    monkeypatch.setenv("PATH", "/nowhere")
    done = importing("npm:descriptions")
    assert done.status == 2
    assert "npm is not installed, or not on the PATH: install Node.js" in done.err
    assert "import the .tgz file" in done.err


@pytest.mark.parametrize(
    "source",
    [
        "npm:",
        "npm:--registry=x",
        "npm:-g",
        "npm:../folder",
        "npm:.",
        "npm:folder/inside",
        "npm:file:package",
        "npm:a.tgz",
        "npm:https://example.com/a.tgz",
        "npm:a b",
        "npm:a;b",
        "npm:a$(b)",
        "npm:@scope",
        "npm:@scope/",
        "npm:@/name",
        "npm:a@",
        "npm:a@file:..",
        "npm:a@../x",
        "npm:a@1.tgz",
        "npm:a@npm:b",
        "npm:a@-1",
        "npm:a@1 || 2",
        "npm:a\n",
        "npm:" + "a" * 215,
    ],
)
def test_what_is_no_name_of_a_package_never_reaches_npm(
    source: str, importing: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option, a folder, a file, an address, an alias: npm would do something else with each."""
    (tmp_path / "npm").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    done = importing(source)
    assert done.status == 2
    assert re.search("no name of a package|no version of a package", done.err)
    assert not (tmp_path / "asked").exists()


def test_a_project_that_someone_else_made_does_not_set_npm(
    registry: Registry, importing: Import, tmp_path: Path
) -> None:
    """npm's settings are the user's: a project around the folder for temporary files is not
    theirs.
    """
    registry.publish("descriptions", "1.0.0", {"a.json": THINGS})
    (tmp_path / "temporary" / "package.json").write_text("{}")
    (tmp_path / "temporary" / ".npmrc").write_text("offline=true\n")
    done = importing("npm:descriptions")
    assert done.status == 0, done.err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent as a terminal does on Unix")
@pytest.mark.npm
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While npm waits: status 130, npm has ended, and the temporary folder is gone."""
    asked = threading.Event()

    def hanging(peer: servers.Peer) -> None:
        peer.read_request()
        asked.set()
        peer.recv()

    with servers.raw_server(hanging) as server:
        npm_is_set_to(monkeypatch, server.url, tmp_path)
        words = [sys.executable, "-m", "httptask", "import", "npm:descriptions"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert asked.wait(60)
            children = running(process.pid)
            assert children
            assert list((tmp_path / "temporary").glob("httptask-npm-*"))
            os.kill(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=servers.HANG_SECONDS)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in said
    until(lambda: not any(map(is_running, children)))
    assert list((tmp_path / "temporary").iterdir()) == []


# An address


YAML = b"""openapi: 3.1.0
info: {title: Y, version: '1'}
servers: [{url: https://api.things.example}]
paths: {/yaml: {get: {summary: Get, responses: {}}}}
"""


@pytest.mark.parametrize(
    "answer",
    [
        as_json(description(1, 1)),
        servers.response(THINGS.encode(), ("Content-Type", "text/plain")),
        servers.response(THINGS.encode(), ("Content-Type", "application/octet-stream")),
        servers.response(THINGS.encode()),
        servers.response(servers.compressed(THINGS.encode()), servers.JSON, servers.GZIP),
    ],
    ids=["json", "as-text", "as-bytes", "without-a-type", "compressed"],
)
def test_a_description_at_an_address_is_read_by_its_content(
    answer: bytes, importing: Import
) -> None:
    """Whatever the server calls it."""
    with servers.raw_server(answering({"/api": answer})) as server:
        done = importing(f"{server.url}/api", *LOCAL)
        assert done.status == 0, done.err
        assert done.out.startswith(f"{server.url}/api: openapi, 1 added")
    assert paths() == {"/things1/0"}


def test_yaml_at_an_address(importing: Import) -> None:
    """Its media type has no part in it."""
    answer = servers.response(YAML, ("Content-Type", "application/x-yaml"))
    with servers.raw_server(answering({"/openapi": answer})) as server:
        assert importing(f"{server.url}/openapi", *LOCAL).status == 0
    assert paths() == {"/yaml"}


def test_a_description_over_tls(importing: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """https with a certificate that is trusted; one that is not is refused."""
    with servers.tls_server(answering({"/a.json": as_json(description(1, 1))})) as server:
        refused = importing(f"{server.url}/a.json", *LOCAL)
        assert refused.status == 2
        assert "certificate is not accepted" in refused.err
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        done = importing(f"{server.url}/a.json", *LOCAL)
        assert done.status == 0, done.err
    assert paths() == {"/things1/0"}


def split(reference: str) -> dict[str, Any]:
    api = description(1, 1)
    api["components"] = {"schemas": {"Thing": {"$ref": reference}}}
    return api


PART = {"Thing": {"type": "object", "properties": {"of_part": {"type": "string"}}}}


def test_references_lead_to_what_stands_beside_it(importing: Import) -> None:
    """Below the folder of the address that it came from in the end, after redirects."""
    answers = {
        "/latest": servers.response(b"", ("Location", "/v2/api/openapi.json"), status="302 Found"),
        "/v2/api/openapi.json": as_json(split("parts/things.json#/Thing")),
        "/v2/api/parts/things.json": as_json(PART),
    }
    with servers.raw_server(answering(answers)) as server:
        done = importing(f"{server.url}/latest", *LOCAL)
        assert done.status == 0, done.err
        assert len(server.received) == 3
    with Catalogue.open() as catalogue:
        (endpoint,) = [each for each in catalogue.endpoints() if each.provider != "procore"]
    assert "of_part" in json.dumps(endpoint.to_json())


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("../secret.json#/Thing", "leads out of the description's folder"),
        ("/secret.json#/Thing", "by its path relative to the description"),
        ("%2e%2e/secret.json#/Thing", "leads out of the description's folder"),
        ("//127.0.0.1/secret.json#/Thing", "may not refer to the network"),
        ("http://127.0.0.1:1/secret.json#/Thing", "may not refer to the network"),
        ("file:///etc/hosts#/Thing", "may not refer to"),
    ],
)
def test_references_lead_nowhere_else(reference: str, why: str, importing: Import) -> None:
    """Not above its folder, not to another origin, not to a file: nothing more is asked for."""
    with servers.raw_server(answering({"/api/openapi.json": as_json(split(reference))})) as server:
        done = importing(f"{server.url}/api/openapi.json", *LOCAL)
        assert len(server.received) == 1
    assert why in done.out + done.err


def test_a_part_that_leads_elsewhere_is_not_followed(importing: Import) -> None:
    """A redirect of what a reference names could lead anywhere."""
    answers = {
        "/api/openapi.json": as_json(split("part.json#/Thing")),
        "/api/part.json": servers.response(b"", ("Location", "/secret.json"), status="302 Found"),
        "/secret.json": as_json(PART),
    }
    with servers.raw_server(answering(answers)) as server:
        importing(f"{server.url}/api/openapi.json", *LOCAL)
        asked = [request.split(b" ", 2)[1] for request in server.received]
    assert asked == [b"/api/openapi.json", b"/api/part.json"]


@pytest.mark.parametrize(
    "allowed", [(), ("--allow-network", "192.0.2.0/24")], ids=["nothing-allowed", "another-network"]
)
def test_an_address_that_is_not_allowed_is_never_connected_to(
    allowed: tuple[str, ...], importing: Import
) -> None:
    """The guard of every request holds here too, and says how an operator opens it."""
    with servers.tls_server(answering({})) as secure, servers.raw_server(answering({})) as plain:
        for server in (secure, plain):
            done = importing(f"{server.url}/api", *allowed)
            assert done.status == 2
            assert "is refused" in done.err
            assert "--allow-network" in done.err
        assert (secure.connections, plain.connections) == (0, 0)


def test_http_is_only_for_networks_that_are_allowed(importing: Import) -> None:
    """Also where anybody could be reached by https: on the way, anybody could change what it
    says.
    """
    done = importing("http://192.0.2.1/api")
    assert done.status == 2
    assert "http: is only for what an operator allowed" in done.err


def test_a_redirect_to_a_refused_address_is_refused(importing: Import) -> None:
    """Each hop passes the guard."""
    with servers.raw_server(answering({})) as inside:
        away = servers.response(
            b"", ("Location", f"http://127.0.0.1:{inside.port}/a"), status="302 Found"
        )
        with servers.raw_server(answering({"/api": away}), host="127.0.0.2") as server:
            done = importing(f"{server.url}/api", "--allow-network", "127.0.0.2")
        assert inside.connections == 0
    assert done.status == 2
    assert "the address 127.0.0.1 of 127.0.0.1 is refused" in done.err


def test_a_description_that_is_too_large_is_not_read_to_its_end(importing: Import) -> None:
    """64 MB are the most, as of a file."""
    with servers.raw_server(servers.endless_body()) as server:
        done = importing(f"{server.url}/api", *LOCAL)
    assert done.status == 2
    assert "larger than" in done.err


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (servers.response(b"<!DOCTYPE html><title>x</title>", ("Content-Type", "text/html")), "this is a web page"),
        (servers.response(b"\n <html lang=en>", ("Content-Type", "application/json")), "this is a web page"),
        (servers.response(packed({"a.json": THINGS}), ("Content-Type", "application/gzip")), "no importer recognises|no text"),
        (servers.response(b"no", status="403 Forbidden"), "403"),
        (servers.response(b""), "empty"),
    ],
    ids=["html", "html-as-json", "archive", "forbidden", "empty"],
)  # fmt: skip
def test_what_is_no_description_has_a_sentence(answer: bytes, why: str, importing: Import) -> None:
    """What it is, and the address."""
    with servers.raw_server(answering({"/api": answer})) as server:
        done = importing(f"{server.url}/api", *LOCAL)
        assert f"{server.url}/api" in done.err
    assert done.status == 2
    assert re.search(why, done.err)
    assert paths() == set()


def test_secrets_in_an_address_are_not_shown(importing: Import) -> None:
    """A user and a password are refused; a token in the query is masked wherever the source is
    named.
    """
    refused = importing("https://user:hunter2@api.example.com/a.json")
    assert refused.status == 2
    assert "hunter2" not in refused.err
    with servers.raw_server(
        answering({"/a?access_token=hunter2&v=1": as_json(description(1, 1))})
    ) as server:
        done = importing(f"{server.url}/a?access_token=hunter2&v=1", *LOCAL)
        assert done.status == 0, done.err
    assert "hunter2" not in done.out + done.err
    with Catalogue.open() as catalogue:
        assert all("hunter2" not in each.source for each in catalogue.endpoints())
