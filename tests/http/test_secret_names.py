"""What is taken for a secret by its name or by its look."""

from __future__ import annotations

import pytest

from httptask._core.redaction import MASK
from httptask._http.secret_names import is_secret_name, is_secret_text, masked_texts, masked_value

GROUPS = ("headers", "cookies", "query", "pathParameters", "body")

SECRET_NAMES = [
    "Authorization",
    "proxy-authorization",
    "Cookie",
    "set-cookie",
    "bearer",
    "jwt",
    "auth",
    "PHPSESSID",
    "JSESSIONID",
    "connect.sid",
    "access_token",
    "refreshToken",
    "id-token",
    "token",
    "X-Auth-Token",
    "csrf_token",
    "password",
    "passwd",
    "Password_Confirmation",
    "new-password-repeat",
    "passphrase",
    "passcode",
    "pwd",
    "db_pwd",
    "sig",
    "X-Sig",
    "secret",
    "client_secret",
    "aws_secret_access_key",
    "secretKey",
    "api_key",
    "X-Api-Key",
    "apikey",
    "access_key",
    "authKey",
    "private-key",
    "signing_key",
    "encryption.key",
    "Ocp-Apim-Subscription-Key",
    "x-functions-key",
    "account_key",
    "master_key",
    "key_shared_key",
]
OPEN_NAMES = [
    "max_tokens",
    "token_type",
    "password_policy",
    "tokenize",
    "secretary",
    "authority",
    "authors",
    "cookies_accepted",
    "key",
    "public_key",
    "design",
    "config",
    "author",
    "page_token",
    "nextToken",
    "sync-token",
    "skip_token",
    "delta.token",
    "cursor_token",
    "resume_token",
    "change_token",
    "client_token",
    "requestToken",
    "position_token",
    "marker_token",
    "startToken",
    "starting_token",
    "continue_token",
    "continuationToken",
    "pagination_token",
    "cancellationToken",
    "cancelation_token",
    "idempotency_token",
    "idempotent_token",
]


@pytest.mark.parametrize("group", GROUPS)
def test_the_end_of_a_name_decides_whether_it_is_of_a_secret(group: str) -> None:
    """Wherever it stands, in any case and way to join words; a token that opens nothing is none."""
    names = [*SECRET_NAMES, *map(str.upper, SECRET_NAMES), " token "]
    assert [name for name in names if not is_secret_name(name, group)] == []
    assert [name for name in [*OPEN_NAMES, "shared"] if is_secret_name(name, group)] == []


@pytest.mark.parametrize("name", ["sid", "X-Session-Id", "session", "sess.key", "my_SID"])
def test_the_identifier_of_a_session_is_one_where_every_request_has_it(name: str) -> None:
    """In a header or a cookie it opens the session; in a body it may be that of any."""
    assert [group for group in GROUPS if is_secret_name(name, group)] == ["headers", "cookies"]
    assert not is_secret_name(name)
    assert not is_secret_name("x" * 200 + name, "body")
    assert is_secret_name("-" * 200 + name, "headers")


SECRET_TEXTS = [
    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",  # RFC 7617, section 2
    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
    "Bearer mF_9.B5f-4.1JqM",  # RFC 6750, section 2.1
    "bearer  abcdefghijklmnopqrst",
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.",  # RFC 7519, section 3.1
    "AKIAIOSFODNN7EXAMPLE",  # of the manuals of the services, as are those below
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "https://a.example/?key=AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----",
]
OPEN_TEXTS = [
    "Basic plan",
    "Basic YWJjZA==",  # no user and password
    "Bearer of bad news",
    "Bearer bonds",
    "bearer abcdefghijklmnopqrs",
    "-----BEGIN PUBLIC KEY-----",
    "task_test_4eC39HqLyjWDarjtT1zdp7dc",
    "AKIA",
    "",
]


def test_a_text_that_looks_like_a_secret_is_one() -> None:
    """Credentials as HTTP has them, private keys, and tokens of a known make; no sentence is."""
    assert [text for text in SECRET_TEXTS if not is_secret_text(text)] == []
    assert [text for text in SECRET_TEXTS if not is_secret_text(f" {text} ")] == []
    assert [text for text in OPEN_TEXTS if is_secret_text(text)] == []
    assert masked_texts("a AKIAIOSFODNN7EXAMPLE b", "*") == "a * b"


def test_a_value_is_masked_by_its_names_and_its_texts() -> None:
    """At any depth; what holds nothing stays, so that it is seen that it holds nothing."""
    value = {
        "token": "a",
        "password": 5,
        "secret": {"id": 1, "token": ["a", {"n": "b"}]},
        "api_key": None,
        "auth": True,
        "pwd": "",
        "n": ["x", "AKIAIOSFODNN7EXAMPLE", 7],
    }
    assert masked_value(value) == {
        "token": MASK,
        "password": MASK,
        "secret": {"id": 1, "token": [MASK, {"n": "b"}]},
        "api_key": None,
        "auth": True,
        "pwd": "",
        "n": ["x", MASK, 7],
    }
