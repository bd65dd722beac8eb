"""What the schemas of credentials promise to whoever shows, edits or writes one by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from httptask.credentials import KnownScheme, credential_problems
from httptask.credentials.plugin import httptask_auth_schemes

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
