"""What the schemas of credentials promise to whoever shows, edits or writes one by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from httptask.credentials import (
    KnownScheme,
    credential_problems,
    missing_fields,
    with_kept_secrets,
    without_secrets,
)
from httptask.credentials._schema import with_secrets
from httptask.credentials.plugin import httptask_auth_schemes
from httptask.model.credential import Secret

SCHEMAS = {scheme.name: KnownScheme.of(scheme).schema for scheme in httptask_auth_schemes()}
KEY = {"/key/pem", "/key/password"}
SECRETS: dict[str, set[str]] = {
    "basic": {"/password"},
    "bearer": {"/token"},
    "apiKey": {"/key"},
    "digest": {"/password"},
    "awsSigV4": {"/secretAccessKey", "/sessionToken"},
    "hmac": {"/secret"},
    "jwt": {"/key/secret"} | KEY,
    "tls": {"/key", "/pkcs12", "/password"},
    "oauth2": {
        *("/clientSecret", "/refreshToken", "/password", "/subjectToken", "/actorToken"),
        # A provider's own fields may hold a key.
        *("/extra/token", "/extra/refresh", "/extra/headers", "/extra/authorization"),
        "/pkcs12",
    }
    | KEY,
}
"""By the type of a credential: pointers to what is never shown."""


def fields(schema: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield pointer and schema of the credential and of what stands in it; a secret is one field."""
    yield at, schema
    if not schema.get("writeOnly"):
        for name, child in schema.get("properties", {}).items():
            yield from fields(child, f"{at}/{name}")


def within(pointer: str, value: Any) -> Any:
    """Return a credential that has nothing but *value* at *pointer*."""
    for name in reversed(pointer.split("/")[1:]):
        value = {name: value}
    return value


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_secret_of_a_credential_is_marked(name: str) -> None:
    """By `writeOnly`: what carries it is hidden, and the rest may be shown."""
    marked = {at for at, schema in fields(SCHEMAS[name]) if schema.get("writeOnly")}
    assert marked == SECRETS[name]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_field_that_takes_text_of_one_form_says_which(name: str) -> None:
    """Nobody is left with "does not fit": the problem's sentence has the field's description."""
    formed = {at: schema for at, schema in fields(SCHEMAS[name]) if "pattern" in schema}
    for at, schema in formed.items():
        problems = credential_problems(SCHEMAS[name], within(at, "-"))
        [unfit] = [problem for problem in problems if problem.pointer == at]
        assert schema["description"] in str(unfit)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_misspelled_field_is_named(name: str) -> None:
    """At every depth of a credential, and not passed over."""
    objects = [at for at, schema in fields(SCHEMAS[name]) if "properties" in schema]
    for at in objects:
        problems = credential_problems(SCHEMAS[name], within(f"{at}/typo", 1))
        found = [problem.pointer for problem in problems if problem.code.endswith("-unknown")]
        assert found == [f"{at}/typo"]


class Plain:
    """An auth scheme that only names its fields."""

    name = "plain"
    fields: Mapping[str, str] = {
        "user": "text",
        "realm": "optional text",
        "password": "secret",
        "pin": "optional secret",
    }

    def authorise(self, request: Any, credential: Any, context: Any) -> None:
        raise NotImplementedError


def test_named_fields_are_a_schema() -> None:
    """What is no text is secret, and what is not optional is required."""
    assert KnownScheme.of(Plain()).schema == {
        "type": "object",
        "properties": {
            "user": {"type": "string"},
            "realm": {"type": "string"},
            "password": {"type": "string", "writeOnly": True},
            "pin": {"type": "string", "writeOnly": True},
        },
        "required": ["user", "password"],
        "additionalProperties": False,
    }


FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "user": {"type": "string", "description": "A user name"},
        "size": {"type": ["integer", "null"]},
        "mode": {"enum": ["a", "b"]},
        "kind": {"const": 1},
        "short": {"type": "string", "maxLength": 3, "description": "At most three letters."},
        "password": {"type": "string", "writeOnly": True},
        "key": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "pem": {"type": "string", "writeOnly": True},
            },
            "required": ["pem"],
            "description": "The private key.",
        },
        "extra": {
            "type": "object",
            "properties": {"note": {"type": "string"}},
            "additionalProperties": {"type": "string", "writeOnly": True},
        },
        "list": {"type": "array", "items": {"type": "string", "writeOnly": True}},
    },
    "required": ["user", "password"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({}, []),
        ({"user": ...}, ["'user' is missing"]),
        ({"pasword": "x"}, ["'pasword' is not known; did you mean 'password'?"]),
        ({"zzz": "x"}, ["'zzz' is not known"]),
        ({"size": "c4n4ry"}, ["'size' must be a whole number or null"]),
        ({"user": 1}, ["'user' must be text"]),
        ({"mode": "c4n4ry"}, ["'mode' must be one of a, b"]),
        ({"kind": "c4n4ry"}, ["'kind' must be one of 1"]),
        ({"short": "c4n4ry"}, ["'short' does not satisfy 'maxLength': At most three letters."]),
        ({"key": {}}, ["/key/pem is missing: The private key."]),
        ({"key": {"pem": 1}, "a": 1}, ["'a' is not known", "/key/pem must be text"]),
    ],
)
def test_what_is_wrong_with_a_field_is_said_without_its_value(
    change: dict[str, Any], sentences: list[str]
) -> None:
    """By its name, or by its pointer where it stands in another."""
    given = {"user": "ann", "password": "c4n4ry"} | change
    problems = credential_problems(
        FORM, {name: value for name, value in given.items() if value is not ...}
    )
    assert [problem.message for problem in problems] == sentences


def test_the_fields_that_are_missing_are_named_once() -> None:
    """In the order of the schema; those within a field are another matter."""
    both = {"anyOf": [{"required": ["b", "a"]}], "required": ["a"], "properties": {}}
    assert missing_fields(FORM, {"key": {}}) == ["user", "password"]
    assert missing_fields(FORM, {"user": "", "password": ""}) == []
    assert missing_fields({"allOf": [both, {"required": ["c", "a"]}]}, {"c": 1}) == ["a"]


def test_a_form_keeps_the_secrets_that_it_never_sees() -> None:
    """What it shows is as it was sent, null removes a field, and a new secret replaces the old."""
    stored = {
        "user": "ann",
        "size": 1,
        "password": "old",
        "key": {"id": "1", "pem": "old"},
        "list": ["x"],
        "extra": {"note": "n", "token": "t"},
        "unknown": {"a": 1},
    }
    shown, secrets = without_secrets(FORM, stored)
    assert shown == {
        "user": "ann",
        "size": 1,
        "key": {"id": "1"},
        "list": ["x"],
        "extra": {"note": "n"},
    }
    assert secrets == ["/password", "/key/pem", "/extra/token", "/unknown"]
    form = {"user": "bob", "size": None, "key": {"id": "2"}}
    assert with_kept_secrets(FORM, form, stored) == {
        "user": "bob",
        "password": "old",
        "key": {"id": "2", "pem": "old"},
    }
    fresh = {"password": "new", "key": {"pem": "new"}}
    assert with_kept_secrets(FORM, fresh, stored) == fresh
    assert with_kept_secrets(FORM, form, None) == {"user": "bob", "key": {"id": "2"}}
    assert with_kept_secrets(FORM, {"password": None}, stored) == {}
    assert without_secrets(True, {"a": 1}) == ({}, ["/a"])


def test_the_secrets_of_a_credential_are_concealed_at_any_depth() -> None:
    """In lists, and under names that the schema leaves open."""
    concealed = with_secrets(
        FORM,
        {
            "user": "ann",
            "password": "c4n4ry",
            "key": {"id": "1", "pem": "c4n4ry"},
            "extra": {"note": "n", "token": "c4n4ry"},
            "list": ["c4n4ry"],
        },
    )
    assert "c4n4ry" not in repr(concealed)
    assert concealed["user"] == "ann"
    assert concealed["key"]["id"] == "1"
    assert concealed["extra"]["note"] == "n"
    for secret in (
        concealed["password"],
        concealed["key"]["pem"],
        concealed["extra"]["token"],
        concealed["list"][0],
    ):
        assert isinstance(secret, Secret)
        assert secret.reveal() == "c4n4ry"
    assert with_secrets(True, "x") == "x"
