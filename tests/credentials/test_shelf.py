"""Where credentials are kept: the system's keyring, and the file that stays as it is written."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked, NoKeyringError

from httptask.credentials import (
    SHELVES,
    listed_credentials,
    moved,
    resolve,
    shelf_of,
    writable_shelf,
)
from httptask.credentials._json_edit import with_member, without_member
from httptask.errors import CodedError, CredentialError
from httptask.model.credential import Credential
from httptask.plugins import plugin_manager
from keyrings import Keys, memory_keyring

CRM = {"type": "basic", "username": "ann", "password": "c4n4ry", "origins": ["https://crm.example"]}


def resolved(name: str) -> Credential:
    return asyncio.run(resolve(name, plugin_manager()))


@pytest.fixture
def keys() -> Iterator[Keys]:
    with memory_keyring() as running:
        yield running


def test_a_credential_of_the_keyring_is_used(keys: Keys) -> None:
    """It is listed by name, found by tasks in a worker thread, and removed."""
    shelf = writable_shelf("keyring")
    assert shelf.store is not None
    shelf.store("crm", CRM)
    (item,), problems = listed_credentials()
    assert problems == []
    assert item.to_json() == {
        "name": "crm",
        "kind": "basic",
        "source": "keyring",
        "writable": True,
        "origins": ["https://crm.example"],
    }
    keys.threads.clear()
    found = resolved("crm")
    assert found.revealed() == {"username": "ann", "password": "c4n4ry"}
    assert threading.main_thread() not in keys.threads
    shelf.store("crm", None)
    assert listed_credentials() == ([], [])
    assert "c4n4ry" not in str(keys.entries)


def test_a_file_in_another_charset_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken for stored, and what stands there is not lost."""
    path = tmp_path / "credentials.json"
    path.write_bytes(before := '{"a": {"type": "bearer", "token": "é"}}'.encode("latin-1"))
    path.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    store = writable_shelf("file").store
    assert store is not None
    with pytest.raises(ValueError, match="is not in UTF-8"):
        store("b", {"type": "bearer", "token": "x"})
    assert path.read_bytes() == before


def test_a_keyring_that_fails_is_said(keys: Keys) -> None:
    """A locked keyring is a sentence; a machine without one has nothing in it, and takes nothing."""
    keys.failure = KeyringLocked("locked")
    assert "keyring failed: KeyringLocked" in listed_credentials()[1][0]
    with pytest.raises(CredentialError, match="keyring failed"):
        resolved("crm")
    keys.failure = NoKeyringError("none")
    assert listed_credentials() == ([], [])
    with pytest.raises(CredentialError, match="no credential 'crm'"):
        resolved("crm")
    shelf = writable_shelf("keyring")
    assert shelf.store is not None
    with pytest.raises(ValueError, match="has no system keyring"):
        shelf.store("crm", CRM)


def test_the_keyring_is_asked_last(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the environment or the file has is not asked for in the keyring."""
    keys.entries["httptask", "crm"] = json.dumps(CRM)
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", "token")
    assert resolved("crm").scheme == "bearer"
    assert keys.threads == set()
    keys.entries["httptask", "broken"] = "c4n4ry"
    with pytest.raises(CredentialError, match="is not JSON") as caught:
        resolved("broken")
    assert "c4n4ry" not in str(caught.value)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of credentials will be."""
    path = tmp_path / "credentials.json"
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    return path


def test_a_credential_is_moved_unchanged_to_another_store(keys: Keys, file: Path) -> None:
    """There and back; the other credentials stay as they are written."""
    before = '{"other": {"type": "bearer",  "token": "x"}}\n'
    file.write_text(before)
    file.chmod(0o600)
    limited = {**CRM, "rateLimit": {"requests": 5, "seconds": 1}}
    in_file, in_keyring = writable_shelf("file"), writable_shelf("keyring")
    assert in_file.store is not None
    in_file.store("crm", limited)
    assert shelf_of("crm") == in_file
    moved("crm", in_file, in_keyring)
    assert file.read_text() == before
    assert shelf_of("crm") == in_keyring
    assert json.loads(keys.entries["httptask", "crm"]) == limited
    moved("crm", in_keyring, in_file)
    assert json.loads(file.read_text())["crm"] == limited
    assert [item.credential.name for item in listed_credentials()[0]] == ["crm", "other"]
    moved("crm", in_file, in_file)
    assert json.loads(file.read_text())["crm"] == limited


def test_a_credential_that_cannot_be_moved_stays_where_it_is(
    keys: Keys, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason: nothing is written over, and nothing is lost."""
    in_file, in_keyring = writable_shelf("file"), writable_shelf("keyring")
    assert in_file.store is not None
    assert in_keyring.store is not None
    environment = SHELVES[0]

    def refusal(*between: object) -> CodedError:
        with pytest.raises(CodedError) as caught:
            moved("crm", *between)  # type: ignore[arg-type]
        return caught.value

    for between in ((environment, in_file), (in_file, environment)):
        assert refusal(*between).code == "credential-store-fixed"
    assert refusal(in_file, in_keyring).params == {"store": "file", "name": "crm"}
    assert refusal(in_file, in_keyring).code == "credential-store-absent"
    in_file.store("crm", CRM)
    in_keyring.store("crm", {"type": "bearer", "token": "another"})
    assert refusal(in_file, in_keyring).code == "credential-store-taken"
    assert json.loads(keys.entries["httptask", "crm"])["token"] == "another"
    in_keyring.store("crm", None)
    monkeypatch.setattr(keys, "set_password", lambda *_: None)
    assert str(refusal(in_file, in_keyring)) == (
        "the keyring did not keep 'crm'; it stays in the file"
    )
    assert json.loads(file.read_text()) == {"crm": CRM}


def test_a_file_that_cannot_be_used_is_named_with_the_systems_reason(file: Path) -> None:
    """In its words; a file may be another thing."""
    file.mkdir(mode=0o700)
    store = writable_shelf("file").store
    assert store is not None
    with pytest.raises(CodedError) as caught:
        store("crm", CRM)
    assert str(caught.value) == f"{file} cannot be written: Is a directory"
    assert listed_credentials()[1] == [f"{file} cannot be read: Is a directory"]


def test_a_store_that_nobody_writes_is_named_with_those_that_are() -> None:
    """The environment is one of them."""
    for name in ("environment", "vault"):
        with pytest.raises(CodedError) as caught:
            writable_shelf(name)
        assert caught.value.code == "credential-store-unknown"
        assert caught.value.params == {"found": name, "known": ["file", "keyring"]}


def test_credentials_are_listed_with_what_is_wrong(
    keys: Keys, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, each from the first store that has it; what cannot be read hides nothing else."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", "token")
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_", "token")
    broken = {"type": 1}
    file.write_text(json.dumps({"zoo": CRM, "my-api": CRM, "broken": broken, "crm": CRM}))
    file.chmod(0o600)
    for name in ("zoo", "keys"):
        store = writable_shelf("keyring").store
        assert store is not None
        store(name, {"type": "bearer", "token": "x"})
    listed, problems = listed_credentials()
    assert [(item.credential.name, item.source, item.is_writable) for item in listed] == [
        ("crm", "file", True),
        ("keys", "keyring", True),
        ("my-api", "environment", False),
        ("zoo", "file", True),
    ]
    (problem,) = problems
    assert "'broken'" in problem
    assert "warnings" not in listed[0].to_json()
    assert listed[2].to_json()["warnings"] == ["it may be sent to any origin: name those it is for"]
    found = shelf_of("broken")
    assert found is not None
    assert found.name == "file"
    assert shelf_of("nowhere") is None
    file.chmod(0o644)
    listed, problems = listed_credentials()
    assert [item.credential.name for item in listed] == ["keys", "my-api", "zoo"]
    assert str(file) in problems[0]


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize(
    "written", [{}, {"indent": 2}, {"separators": (",", ":")}, {"separators": (" ,  ", " : ")}]
)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_member_can_be_removed_or_replaced(
    count: int, written: dict[str, Any], before: str
) -> None:
    """The first, the last and those between; the others stay as they are."""
    members = {f"m{number}": {"n": number} for number in range(count)}
    text = before + json.dumps(members, **written)

    def read(changed: str) -> list[Any]:
        assert changed.startswith(before)
        return list(json.loads(changed.removeprefix(before)).items())

    for name in members:
        others = {other: value for other, value in members.items() if other != name}
        assert read(without_member(text, name)) == list(others.items())
        assert read(with_member(text, name, 5)) == list({**members, name: 5}.items())
    assert read(with_member(text, "new", 5)) == list({**members, "new": 5}.items())
    assert without_member(text, "another") == text


JSON = st.recursive(st.none() | st.integers() | st.text(), lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=5)  # fmt: skip


@given(
    st.dictionaries(st.text(), JSON, max_size=4),
    st.text(),
    JSON,
    st.sampled_from([None, 1, 3, "\t"]),
)
def test_one_member_changes_and_the_rest_stays(
    before: dict[str, object], name: str, value: object, indent: int | str | None
) -> None:
    """Whatever stands in an object, setting and removing one member is what it is for a dict, in
    the same order.
    """
    text = json.dumps(before, indent=indent) + "\n"
    changed = with_member(text, name, value)
    assert list(json.loads(changed).items()) == list({**before, name: value}.items())
    removed = without_member(changed, name)
    assert json.loads(removed) == {key: each for key, each in before.items() if key != name}
    if name not in before and before:
        assert removed == text
