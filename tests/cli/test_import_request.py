"""`import-request`: pasted requests as tasks, from files and standard input."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Run
from interchange import recorder, sent, write_large_collection

COMMAND = "curl 'https://api.acme.example/a?x=1' -H 'Authorization: Bearer hush-12345678'"


def test_a_pasted_command_becomes_a_task(run: Run) -> None:
    """The task is printed, the report is on stderr, and the secret is in neither."""
    done = run("import-request", stdin=COMMAND)
    assert done.status == 0
    assert done.json == {
        "type": "Http",
        "credentials": "acme",
        "httpRequest": {"url": "https://api.acme.example/a", "query": {"x": "1"}},
        "end": True,
    }
    assert "to give the credential: httptask credentials set acme --type bearer" in done.err
    assert "hush" not in done.out + done.err
    assert run("import-request", "--json", stdin=COMMAND).json["form"] == "curl"


def test_a_part_that_is_missing_is_a_failure(run: Run) -> None:
    """The task is printed all the same, with exit status 1."""
    done = run("import-request", "-", stdin="curl https://h/ -d @body.json")
    assert (done.status, done.json["httpRequest"]["url"]) == (1, "https://h/")
    assert "error: curl's option --data names a file" in done.err


def test_wrong_input_is_refused_with_a_sentence(run: Run, tmp_path: Path) -> None:
    """No traceback, exit status 2, and JSON where it is asked for."""
    done = run("import-request", stdin="rm -rf /")
    assert (done.status, done.out) == (2, "")
    assert "httptask: this is neither a curl command" in done.err
    failed = run("import-request", "--json", stdin="curl --next http://h/")
    assert json.loads(failed.err)["error"] == "InterchangeError"
    assert run("import-request", "nowhere.har").status == 2
    (tmp_path / "odd.txt").write_bytes(b"\xff\x00curl")
    assert "not UTF-8" in run("import-request", "odd.txt").err
    wrong = run("import-request", "--from", "har", stdin='{"info": {}, "item": []}')
    assert "this is not a HAR file but a Postman collection" in wrong.err
    assert run("import-request", "--task", "x", stdin=COMMAND).status == 2


def test_tasks_are_added_to_a_definition(run: Run, tmp_path: Path) -> None:
    """A new file becomes a definition, an old one keeps what it has, and no task is replaced."""
    words = ("import-request", "--into", "flow.json", "--task", "Get a")
    assert run(*words, stdin=COMMAND).status == 0
    assert run("validate", "flow.json").status == 0
    document = json.loads((tmp_path / "flow.json").read_text("utf-8"))
    assert (document["startTask"], list(document["tasks"])) == ("Get a", ["Get a"])
    again = run(*words, stdin=COMMAND)
    assert (again.status, "there is a task 'Get a' already" in again.err) == (2, True)
    assert json.loads((tmp_path / "flow.json").read_text("utf-8")) == document
    other = ("import-request", "--into", "flow.json", "--task", "Get b", "--json")
    assert run(*other, stdin=COMMAND).status == 0
    document = json.loads((tmp_path / "flow.json").read_text("utf-8"))
    assert list(document["tasks"]) == ["Get a", "Get b"]
    (tmp_path / "broken.json").write_text("{", "utf-8")
    assert run("import-request", "--into", "broken.json", stdin=COMMAND).status == 2
    assert (tmp_path / "broken.json").read_text("utf-8") == "{"


def test_a_collection_of_50_megabytes_is_read_whole(run: Run, tmp_path: Path) -> None:
    """Each of its requests becomes a task, and what the definition has stays; what is larger than
    any document that is read is refused before it is all in memory, and nothing is changed.
    """
    write_large_collection(tmp_path / "shop.json", "https://api.acme.example")
    assert (tmp_path / "shop.json").stat().st_size > 50_000_000
    into = ("--into", "flow.json")
    assert run("import-request", *into, "--task", "Mine", stdin=COMMAND).status == 0
    done = run("import-request", "shop.json", *into)
    assert done.status == 0, done.err
    added = (tmp_path / "flow.json").read_text("utf-8")
    assert [*json.loads(added)["tasks"]] == ["Mine", *(f"Order {number}" for number in range(50))]
    assert "hush" not in done.out + done.err + added
    with (tmp_path / "endless.har").open("wb") as file:
        file.truncate(2**33)
    refused = run("import-request", "endless.har", *into)
    assert (refused.status, "save a HAR without contents" in refused.err) == (2, True)
    assert (tmp_path / "flow.json").read_text("utf-8") == added


def har(*urls: str) -> str:
    entries = [{"request": {"method": "GET", "url": url, "headers": []}} for url in urls]
    return json.dumps({"log": {"entries": entries}})


def test_several_requests_are_a_definition(run: Run, tmp_path: Path) -> None:
    """They run one after the other; `--request` takes one of them."""
    text = har("https://h/a", "https://h/b", "https://h/a")
    definition = run("import-request", stdin=text)
    assert list(definition.json["tasks"]) == ["GET /a", "GET /b", "GET /a 2"]
    (tmp_path / "flow.json").write_text(definition.out, "utf-8")
    assert run("validate", "flow.json").status == 0
    one = run("import-request", "--request", "GET /b", stdin=text)
    assert one.json["httpRequest"]["url"] == "https://h/b"
    assert "did you mean 'GET /b'?" in run("import-request", "--request", "GET /bb", stdin=text).err


def test_kept_credentials_authorise_the_run(run: Run, tmp_path: Path) -> None:
    """With `--keep-credentials` the task runs at once; a credential that is there is left alone."""
    file = str(tmp_path / "credentials.json")
    with recorder() as api:
        command = f"curl {api.url}/a -H 'X-Api-Key: hush-1'"
        words = ("import-request", "--into", "flow.json", "--keep-credentials")
        done = run(*words, stdin=command, HTTPTASK_CREDENTIALS_FILE=file)
        assert (done.status, "hush" in done.out + done.err) == (0, False)
        assert run("run", "flow.json", HTTPTASK_CREDENTIALS_FILE=file).status == 0
        assert sent(api.received[-1]).headers["x-api-key"] == ["hush-1"]
    again = run(*words, "--task", "b", stdin=command, HTTPTASK_CREDENTIALS_FILE=file)
    assert (again.status, "is left as it is" in again.err) == (2, True)
