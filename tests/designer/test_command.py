"""`httptask designer`: a real process, until Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from designer import COMMAND, PATIENT, SEED, started
from designer_page.browser import designer_page
from httptask.cli import main
from servers import HANG_SECONDS


def test_demo_is_ready_to_play_with(tmp_path: Path) -> None:
    """With `--demo` there is an API to talk to, a definition to save in, and its task succeeds as
    it stands.
    """
    with started(tmp_path, "--demo") as (_, said):
        api = said["address"] + "api/v1/"
        with httpx.Client(base_url=api, **PATIENT) as client:
            prefill = client.get(f"endpoints/{SEED}/form").json()["prefill"]
            request = prefill["httpRequest"]
            request["pathParameters"] = {"project_id": 1}
            request["query"] = {"topic_id": 2, "topic_type": "rfi"}
            request["headers"]["Procore-Company-Id"] = 3
            answer = client.post("test-requests", json={"task": prefill})
            assert '"status": 201' in answer.text
            workflow = client.get("config").json()["workflow"]
            definition = client.get(f"workflows/{workflow}")
            assert client.post("validate", json={"definition": definition.json()}).json() == {
                "valid": True,
                "problems": [],
                "unreached": [],
                "pinProblems": [],
            }
            sample = definition.json()["tasks"]["Tell the project"]
            answer = client.post("test-requests", json={"task": sample})
            assert '"status": 201' in answer.text


def test_the_first_click_of_the_demo_is_a_201(tmp_path: Path, browser: Browser) -> None:
    """The page that the demo opens has a task that is ready, and one click on *Test request* is
    answered by 201.
    """
    with (
        started(tmp_path, "--demo") as (_, said),
        designer_page(browser, said["address"]) as designer,
    ):
        expect(designer.page.locator(".chip")).to_have_text("All required fields are filled")
        designer.page.locator("#test").click()
        expect(designer.page.locator(".response .status")).to_have_text("201 Created")


def test_demo_reaches_the_stand_in_only(tmp_path: Path) -> None:
    """The demo opens one port of this machine to test requests, not the machine."""
    with socket.create_server(("127.0.0.1", 0)) as other, started(tmp_path, "--demo") as (_, said):
        task = {
            "type": "Http",
            "httpRequest": {"url": f"http://127.0.0.1:{other.getsockname()[1]}/"},
            "end": True,
        }
        answer = httpx.post(
            said["address"] + "api/v1/test-requests", json={"task": task}, **PATIENT
        )
        assert '"kind": "blocked"' in answer.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_stopping_ends_all_of_it(tmp_path: Path, number: int) -> None:
    """Ctrl+C ends the page and the stand-in, removes what was temporary, and is no failure."""
    with started(tmp_path, "--demo") as (process, said):
        page = httpx.get(said["address"] + f"api/v1/endpoints/{SEED}", **PATIENT).json()
        ports = [
            int(address.rstrip("/").rpartition(":")[2])
            for address in (said["address"], page["servers"][0]["url"])
        ]
        process.send_signal(number)
        assert process.wait(60) == 0
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    assert not list(tmp_path.glob("httptask-*"))


def test_what_was_saved_is_there_the_next_time(tmp_path: Path) -> None:
    """Ctrl+C keeps what was saved where the demo said, and says so again; the next demo starts from
    it, and a saved task still reaches the demo's API."""
    with started(tmp_path, "--demo") as (process, said):
        folder = Path(said["workflows"])
        address = said["address"] + "api/v1/workflows/tell-the-project"
        definition = httpx.get(address, **PATIENT).json()
        definition["tasks"]["Mine"] = definition["tasks"]["Tell the project"]
        saved = httpx.put(address, json=definition, headers={"If-Match": "*"}, **PATIENT)
        assert saved.status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "Mine" in json.loads((folder / "tell-the-project.json").read_text())["tasks"]
    with started(tmp_path, "--demo") as (_, said):
        assert Path(said["workflows"]) == folder
        api = said["address"] + "api/v1/"
        mine = httpx.get(api + "workflows/tell-the-project", **PATIENT).json()["tasks"]["Mine"]
        draft = {"task": mine, "inputs": {"input": {"rfi": {"id": 1, "subject": "x"}}}}
        answer = httpx.post(api + "test-requests", json=draft, **PATIENT)
        assert '"status": 201' in answer.text


def test_it_is_said_where_tasks_are(tmp_path: Path) -> None:
    """The folder of saved tasks is named when the designer starts and when it ends."""
    process = subprocess.Popen(
        [*COMMAND, "--demo", "--port", "0", "--catalogue", str(tmp_path / "catalogue.sqlite3")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")},
    )
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, last = process.communicate(timeout=HANG_SECONDS)
    folder = str(tmp_path / "data" / "httptask" / "designer-demo")
    assert f"Tasks are saved in {folder}\n" in first
    assert f"tasks are kept in {folder}" in last


def test_a_folder_that_does_not_exist_is_named_as_such(tmp_path: Path) -> None:
    """A misspelt name is noticed when the designer starts; nothing is made before a task is
    saved.
    """
    folder = tmp_path / "flosw"
    words = [str(folder), "--port", "0", "--catalogue", str(tmp_path / "catalogue.sqlite3")]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
    assert lines[1] == f"Tasks are saved in {folder}, which does not exist yet\n"
    assert not folder.exists()


def test_another_address_of_this_machine(tmp_path: Path) -> None:
    """Whatever loopback address the designer listens on, it answers at the address that it
    prints.
    """
    with started(tmp_path, "--host", "127.0.0.2") as (_, said):
        assert said["address"].startswith("http://127.0.0.2:")
        for path in ("", "api/v1/config"):
            answer = httpx.get(
                said["address"] + path, headers={"Origin": said["address"].rstrip("/")}, **PATIENT
            )
            assert answer.status_code == 200


def test_definitions_of_ones_own(tmp_path: Path) -> None:
    """A folder given by name keeps what is saved in it, the sample of the demo included."""
    folder = tmp_path / "flows"
    with started(tmp_path, str(folder), "--demo") as (process, said):
        assert said["workflows"] == str(folder)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert (
        json.loads((folder / "tell-the-project.json").read_text())["startTask"]
        == "Tell the project"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "HTTPTASK_DESIGNER_TOKEN"),
        (["--port", "65536"], "from 0 to 65535"),
        (["--port", "-1"], "from 0 to 65535"),
        (["--allow-network", "nowhere/99"], "nowhere/99"),
        (["--proxy", "socks5://127.0.0.1"], "SOCKS"),
        (["--files", "files", "--bucket", "http://example"], "s3://BUCKET"),
    ],
    ids=["bind", "port", "negative", "network", "proxy", "bucket"],
)
def test_wrong_use(tmp_path: Path, words: list[str], said: str) -> None:
    """What cannot be started is refused with exit status 2 and what to do."""
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_token_from_the_environment(tmp_path: Path) -> None:
    """The token comes from the environment, where no list of processes shows it."""
    with started(tmp_path, HTTPTASK_DESIGNER_TOKEN="a-token-that-nobody-guesses") as (_, said):
        assert httpx.get(said["address"] + "api/v1/config", **PATIENT).status_code == 401
        headers = {"Authorization": "Bearer a-token-that-nobody-guesses"}
        assert (
            httpx.get(said["address"] + "api/v1/config", headers=headers, **PATIENT).status_code
            == 200
        )


def test_every_option_reaches_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the command is given is what the designer is served with."""
    given: dict[str, Any] = {}
    monkeypatch.setattr("httptask.designer.serve", lambda **options: given.update(options))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "files").mkdir()
    words = {
        "files": ["--files", str(tmp_path / "files")],
        "hosts": ["--allow-host", "tools.example"],
        "origins": ["--allow-origin", "https://host.example"],
        "allow_networks": ["--allow-network", "10.0.0.0/8"],
        "catalogue": ["--catalogue", str(tmp_path / "c.sqlite3")],
        "host": ["--host", "127.0.0.1"],
        "imports": ["--no-import"],
        "workflows": [str(tmp_path)],
    }
    assert main(["designer", *(word for option in words.values() for word in option)]) == 0
    assert {name: given[name] for name in words} == {
        "files": str(tmp_path / "files"),
        "hosts": ["tools.example"],
        "origins": ["https://host.example"],
        "allow_networks": ["10.0.0.0/8"],
        "catalogue": str(tmp_path / "c.sqlite3"),
        "host": "127.0.0.1",
        "imports": False,
        "workflows": str(tmp_path),
    }


def test_an_engine_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """As `run --engine` says it."""
    assert main(["designer", "--engine", "temporel", "--port", "0"]) == 2
    assert "there is no engine 'temporel'" in (err := capsys.readouterr().err)
    assert "did you mean temporal?" in err
