"""What of a token request and its answer is a secret by its name, and how the rest is shown."""

from __future__ import annotations

import json

import pytest

from httptask.model.exchange import OutgoingRequest
from httptask.sending import secrets_of
from httptask.sending._masked_token import token_body

ASKED = [
    # RFC 6749, sections 2.3.1, 4.1.3 and 4.3.2; a form writes a space as a plus.
    (b"grant_type=x&client_secret=a%2Bb+c&scope=d", ["a+b c"]),
    (b"username=u&password=p&client_id=i", ["p"]),
    (b"refresh_token=r&token_type=b", ["r"]),
    (b"code=c&code_verifier=v&state=s", ["c", "v"]),  # RFC 7636, section 4.5
    (b"assertion=a&client_assertion=c&client_assertion_type=t", ["a", "c"]),  # RFC 7521
    (b"saml_response=s&SAML_Response=t", ["s", "t"]),
    (b"device_code=d&user_code=u", ["d"]),  # RFC 8628, section 3.4
    (b'{"client_secret": "a\\nb", "scope": "x", "code": "c"}', ["a\nb", "c"]),
    (b"", []),
]
ANSWERED = [
    (
        b'{"access_token": "a", "refresh_token": "r", "token_type": "Bearer", "scope": "s"}',
        ["a", "r"],
    ),
    (b"access_token=a%2F&expires_in=3", ["a/"]),
    (b'{"device_code": "d", "user_code": "u", "interval": 5}', ["d"]),
    (b'{"assertion": "a", "code": "c"}', ["a"]),  # a code in an answer is that of an error
    (b'{"access\\u005ftoken": "a"}', ["a"]),
    (b'{"access_token": "cut o', ["cut o"]),
    # What stands in a text of JSON is no form.
    (b'\xef\xbb\xbf [{"id_token": "i", "note": "&access_token=q"}]', ["i"]),
    (b'while(1);{"id_token": "i"}', ["i"]),
]


def asked(body: bytes, *headers: tuple[str, str]) -> OutgoingRequest:
    return OutgoingRequest("POST", "https://example.com/token", list(headers), body)


@pytest.mark.parametrize(("body", "secrets"), ASKED)
def test_the_secrets_of_a_token_request_are_those_of_its_grant(
    body: bytes, secrets: list[str]
) -> None:
    """Every field that the RFCs of the grants name as worth a token, decoded; and no other."""
    assert list(secrets_of(asked(body), b"")) == secrets


@pytest.mark.parametrize(("content", "secrets"), ANSWERED)
def test_the_secrets_of_an_answer_are_its_tokens(content: bytes, secrets: list[str]) -> None:
    """In JSON and in a form, whole or cut off."""
    assert list(secrets_of(asked(b""), content)) == secrets


@pytest.mark.parametrize(
    ("value", "secret"), [("Basic aWQ6cw==", "aWQ6cw=="), ("aWQ6cw==", "aWQ6cw==")]
)
def test_the_client_is_a_secret_without_its_scheme(value: str, secret: str) -> None:
    """A header without a scheme is a secret as it stands."""
    assert list(secrets_of(asked(b"", ("authorization", value)), b"")) == [secret]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("client_secret=a%2Bb&scope=c&code=d", "client_secret=•••&scope=c&code=•••"),
        (
            '{"client_secret": "a", "scope": ["b"], "code": 7}',
            '{"client_secret": "•••", "scope": ["b"], "code": "•••"}',
        ),
        ("c4n4ry0123456789", "c4n4ry0123456789"),  # only an answer is a token by its look
    ],
)
def test_a_token_request_is_shown_without_its_secrets(written: str, shown: str) -> None:
    """Fields that are none stay as they are written."""
    assert token_body(written.encode(), is_answer=False) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("access_token=a&code=d", "access_token=•••&code=d"),
        (
            '{"device_code": "a", "access_token": ["b", "c"], "expires_in": 7}',
            '{"device_code": "•••", "access_token": "•••", "expires_in": 7}',
        ),
        ('{"error": "e", "access_token": "cut o', '{"error": "e", "access_token": "•••"'),
        ('["&access_token=a"]', '["&access_token=a"]'),
        ("c4n4ry0123456789", "•••"),
        ("c4n4ry012345678", "c4n4ry012345678"),  # a word of 15 characters may be one of a sentence
        ("unauthorizedclient", "unauthorizedclient"),  # nor is one without a digit a token
        ("bad token eyJhbGciOiJub25lIn0.e30.c2ln!", "bad token •••!"),
    ],
)
def test_an_answer_is_shown_without_its_tokens(written: str, shown: str) -> None:
    """By their names, and an answer that is nothing but a token; in UTF-16 too."""
    assert token_body(written.encode()) == shown
    if written.isascii():
        assert token_body(written.encode("utf-16-le")) == shown


def test_a_shown_answer_is_json_where_it_was() -> None:
    """The mask of a number, a list or a text that escapes quotes is a text of JSON."""
    answer = {"access_token": 'a"\\', "id_token": -1.5e3, "refresh_token": ["a", "b"], "n": None}
    shown = json.loads(token_body(json.dumps(answer).encode()))
    assert shown == dict.fromkeys(answer, "•••") | {"n": None}
