"""Why a client certificate cannot be shown, by what OpenSSL says of it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

import pytest

from httptask.errors import CredentialError
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Secret
from httptask.sending import _identity
from httptask.sending._identity import use_identity

PLAIN, ENCRYPTED = b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"


def ssl_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] failed")
    error.reason = reason  # type: ignore[assignment]
    return error


def refused(
    monkeypatch: pytest.MonkeyPatch, error: Exception, key: bytes, password: str = ""
) -> CredentialError:
    """Return the error for a certificate with *key* that OpenSSL refuses with *error*."""

    @contextlib.contextmanager
    def no_file(pem: bytes) -> Iterator[str]:
        assert pem == b"certificate\n" + key
        raise error
        yield ""

    monkeypatch.setattr(_identity, "_file", no_file)
    secret = Secret(password) if password else None
    identity = TlsIdentity(b"certificate\n\n", Secret(key.decode()), secret)
    with pytest.raises(CredentialError) as caught:
        use_identity(ssl.create_default_context(), identity)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("reason", "key", "password", "code"),
    [
        ("KEY_VALUES_MISMATCH", PLAIN, "", "key"),
        ("key_type_mismatch", ENCRYPTED, "x", "key"),
        ("BAD_DECRYPT", PLAIN, "x", "password"),
        ("BAD_PASSWORD_READ", PLAIN, "x", "password"),
        ("BAD_DECRYPT", PLAIN, "", "encrypted"),
        ("BAD_PASSWORD_READ", PLAIN, "", "encrypted"),
        ("ASN1_LIB", ENCRYPTED, "x", "password"),
        (None, ENCRYPTED, "", "encrypted"),
        (None, PLAIN, "x", "no-pem"),
        ("", PLAIN, "", "no-pem"),
        ("ASN1_LIB", PLAIN, "x", "unread"),
    ],
)
def test_the_reason_of_openssl_tells_what_to_mend(
    monkeypatch: pytest.MonkeyPatch, reason: str | None, key: bytes, password: str, code: str
) -> None:
    """Which field is wrong; a wrong password may look like anything."""
    error = refused(monkeypatch, ssl_error(reason), key, password)
    assert error.code == f"credential-certificate-{code}"
    assert error.params.get("opensslMessage") == ("asn1 lib" if code == "unread" else None)


@pytest.mark.parametrize("error", [OSError("no space"), ValueError("no space")])
def test_any_other_failure_is_told_in_its_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It has nothing to do with the certificate."""
    told = refused(monkeypatch, error, PLAIN)
    assert (told.code, told.params["pythonMessage"]) == (
        "credential-certificate-unusable",
        "no space",
    )
