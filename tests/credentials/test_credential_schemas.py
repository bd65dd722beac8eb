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


def choice(*values: str) -> tuple[list[Any], list[Any]]:
    """Return what a field accepts and refuses that has one of *values*."""
    return [*values], ["", "x", 1, None]


TEXT: tuple[list[Any], list[Any]] = (["x"], ["", 1, ["x"], None])
ANY_TEXT: tuple[list[Any], list[Any]] = (["", "x"], [1, None])
TEXTS: tuple[list[Any], list[Any]] = ([[], ["x", "y"]], ["x", [""], [1], {}])
OBJECT: tuple[list[Any], list[Any]] = ([{}], [[], "x", 1])
CLOSED: tuple[list[Any], list[Any]] = ([], [{"typo": 1}, [], "x", 1])
PATH: tuple[list[Any], list[Any]] = (["$", "$.a"], ["", "a.$", 1])
SECONDS: tuple[list[Any], list[Any]] = ([0.5, 1], [0, -1, "1"])
NAMED: tuple[list[Any], list[Any]] = (
    [{}, {"a": "x", "b": 1.5, "c": True, "d": ["x"]}],
    [{"a": None}, {"a": {}}, [], "x"],
)
PART = {"name": "x", "value": "y"}
PARTS: tuple[list[Any], list[Any]] = (
    [[PART], [{**PART, "in": "header"}, {**PART, "in": "query"}, {**PART, "in": "cookie"}]],
    [
        *([], {}, [[]], [{}], [{"name": "x"}], [{"value": "y"}], [{**PART, "typo": 1}]),
        *([{**PART, name: wrong}] for name, wrong in (("name", ""), ("value", ""), ("in", "body"))),
        *([{**PART, name: 1}] for name in ("name", "value", "in")),
    ],
)
SEND_AS = {
    "/sendAs": CLOSED,
    "/sendAs/in": choice("header", "query", "cookie", "body"),
    "/sendAs/name": TEXT,
    "/sendAs/prefix": ANY_TEXT,
}
SIGNING_KEY = {
    "/key": CLOSED,
    "/key/pem": TEXT,
    "/key/password": TEXT,
    "/key/kid": TEXT,
    "/key/alg": TEXT,
}
FIELDS: dict[str, dict[str, tuple[list[Any], list[Any]]]] = {
    "basic": {"/username": ANY_TEXT, "/password": ANY_TEXT},
    "bearer": {"/token": ANY_TEXT},
    "apiKey": {"/key": ANY_TEXT, "/name": ANY_TEXT, "/in": ANY_TEXT},
    "digest": {"/username": ANY_TEXT, "/password": ANY_TEXT},
    "awsSigV4": {
        "/accessKeyId": ANY_TEXT,
        "/secretAccessKey": ANY_TEXT,
        "/sessionToken": ANY_TEXT,
        "/region": ANY_TEXT,
        "/service": ANY_TEXT,
    },
    "hmac": {
        "/secret": TEXT,
        "/secretEncoding": choice("text", "hex", "base64"),
        "/keyId": TEXT,
        "/algorithm": choice("sha256", "sha512", "sha1"),
        "/encoding": choice("hex", "base64", "base64url"),
        "/timestamp": choice("seconds", "milliseconds", "iso8601", "httpDate"),
        "/stringToSign": TEXT,
        "/send": PARTS,
    },
    "jwt": {
        **SIGNING_KEY,
        "/key/secret": TEXT,
        "/issuer": TEXT,
        "/subject": TEXT,
        "/audience": (["x", [], ["x", "y"]], ["", 1, {}, [""], [1]]),
        "/lifetimeSeconds": SECONDS,
        "/claims": OBJECT,
        **SEND_AS,
    },
    "tls": {"/certificate": TEXT, "/key": TEXT, "/pkcs12": TEXT, "/password": ANY_TEXT},
    "oauth2": {
        "/grant": choice(
            "clientCredentials",
            "refreshToken",
            "password",
            "jwtBearer",
            "tokenExchange",
            "authorizationCode",
            "deviceCode",
        ),
        "/tokenUrl": TEXT,
        "/authorizationUrl": TEXT,
        "/deviceAuthorizationUrl": TEXT,
        "/issuer": TEXT,
        "/clientId": TEXT,
        "/clientSecret": TEXT,
        "/clientAuthentication": choice(
            "basic", "basicRaw", "post", "privateKeyJwt", "clientSecretJwt", "tls", "none"
        ),
        "/refreshToken": TEXT,
        "/username": TEXT,
        "/password": TEXT,
        "/scopes": TEXTS,
        "/scopeSeparator": ANY_TEXT,
        "/audience": TEXT,
        "/resource": TEXTS,
        "/extra": CLOSED,
        **{f"/extra/{name}": NAMED for name in ("token", "refresh", "headers", "authorization")},
        "/tokenAt": CLOSED,
        "/tokenAt/accessToken": PATH,
        "/tokenAt/expiresIn": PATH,
        "/tokenAt/refreshToken": PATH,
        "/tokenAt/tokenType": PATH,
        "/tokenAt/idToken": PATH,
        "/tokenAt/scope": PATH,
        **SEND_AS,
        "/refreshWhen": CLOSED,
        "/refreshWhen/status": ([[], [401, 403]], [401, ["401"]]),
        "/refreshWhen/condition": (["${$.body.expired}"], ["", "a ${$.b}", 1]),
        "/expiresInDefault": SECONDS,
        **SIGNING_KEY,
        "/claims": OBJECT,
        "/subjectToken": TEXT,
        "/subjectTokenType": TEXT,
        "/actorToken": TEXT,
        "/actorTokenType": TEXT,
        "/requestedTokenType": TEXT,
        "/assertionAudience": TEXT,
        "/certificate": TEXT,
        "/pkcs12": TEXT,
    },
}
"""By the type of a credential: pointer to a field -> values that it accepts, and that it refuses."""
REQUIRED = {
    "basic": ["username", "password"],
    "bearer": ["token"],
    "apiKey": ["key"],
    "digest": ["username", "password"],
    "awsSigV4": ["accessKeyId", "secretAccessKey", "region", "service"],
    "hmac": ["secret", "stringToSign", "send"],
    "jwt": ["key"],
    "tls": [],
    "oauth2": ["grant"],
}
KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "enum", "items", "pattern"),
    *("minLength", "minItems", "exclusiveMinimum", "anyOf", "allOf", "description"),
    *("contentMediaType", "contentEncoding", "writeOnly"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_field_of_a_credential_takes_these_values_and_no_others(name: str) -> None:
    """Each field that there is, with the least it accepts and the nearest it refuses."""
    schema = SCHEMAS[name]
    assert {at for at, _ in fields(schema) if at} == FIELDS[name].keys()
    assert missing_fields(schema, {}) == REQUIRED[name]
    for at, (accepted, refused) in FIELDS[name].items():

        def wrong(value: Any, at: str = at) -> list[str]:
            problems = credential_problems(schema, within(at, value))
            return [
                problem.pointer
                for problem in problems
                if f"{problem.pointer}/".startswith(f"{at}/")
            ]

        assert [value for value in accepted if wrong(value)] == [], at
        assert [value for value in refused if not wrong(value)] == [], at


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_a_schema_says_of_a_field_can_be_read(name: str) -> None:
    """Only keywords that a form knows, and no description without words."""
    for at, schema in fields(SCHEMAS[name]):
        assert schema.keys() <= KEYWORDS, at
        assert schema.get("description", "words"), at


NEEDS: dict[str, dict[str, tuple[str, ...]]] = {
    "grant": {
        "clientCredentials": ("tokenUrl",),
        "refreshToken": ("refreshToken", "tokenUrl"),
        "password": ("username", "password", "tokenUrl"),
        "jwtBearer": ("tokenUrl",),
        "tokenExchange": ("subjectToken", "tokenUrl"),
        "authorizationCode": ("clientId", "tokenUrl", "authorizationUrl"),
        "deviceCode": ("clientId", "tokenUrl", "deviceAuthorizationUrl"),
    },
    "clientAuthentication": {
        "basic": ("clientId", "clientSecret"),
        "basicRaw": ("clientId", "clientSecret"),
        "post": ("clientId", "clientSecret"),
        "privateKeyJwt": ("clientId", "key"),
        "clientSecretJwt": ("clientId", "clientSecret"),
        "tls": ("clientId", "certificate", "key"),
        "none": (),
    },
}
URLS = {"tokenUrl", "authorizationUrl", "deviceAuthorizationUrl"}


@pytest.mark.parametrize("field", NEEDS)
def test_a_choice_in_a_credential_needs_these_fields(field: str) -> None:
    """RFC 6749, 7523, 8628, 8693 and 8705; an issuer replaces every URL, and nothing else."""
    for value, needed in NEEDS[field].items():
        chosen = {"grant": "", field: value}
        assert sorted(missing_fields(SCHEMAS["oauth2"], chosen)) == sorted(needed), value
        of_issuer = missing_fields(SCHEMAS["oauth2"], {**chosen, "issuer": "https://a.example"})
        assert sorted(of_issuer) == sorted(set(needed) - URLS), value
    in_one = {"grant": "", "clientAuthentication": "tls", "pkcs12": "x"}
    assert missing_fields(SCHEMAS["oauth2"], in_one) == ["clientId"]


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
