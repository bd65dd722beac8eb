"""Loading a client certificate for mutual TLS into an `SSLContext`, which reads only files."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from httptask.errors import CredentialError
from httptask.model.authorisation import TlsIdentity

_log = logging.getLogger("httptask")


def use_identity(context: ssl.SSLContext, identity: TlsIdentity) -> None:
    """Make *context* present the certificate of *identity* to servers that ask for one. Blocks.

    Raises `CredentialError` if the certificate or key cannot be read, or they do not match.
    """
    pem, password = _pem(identity)
    try:
        with _file(pem) as path:
            # Always pass a password: without one, OpenSSL would ask for it at the terminal.
            context.load_cert_chain(path, password=lambda: password or b"-")
        _warn_if_expired(pem)
    except ssl.SSLError as error:
        raise _unread(error, pem, has_password=bool(password)) from None
    except (OSError, ValueError) as error:
        raise CredentialError.of(
            "credential-certificate-unusable", pythonMessage=str(error)
        ) from None


def _unread(error: ssl.SSLError, pem: bytes, *, has_password: bool) -> CredentialError:
    reason = (error.reason or "").upper()
    if "MISMATCH" in reason:
        return CredentialError.of("credential-certificate-key")
    # With a wrong password, decryption may yield garbage: OpenSSL reports that in many ways.
    if "DECRYPT" in reason or "PASSWORD" in reason or b"ENCRYPTED" in pem:
        if has_password:
            return CredentialError.of("credential-certificate-password")
        return CredentialError.of("credential-certificate-encrypted")
    if not reason:
        return CredentialError.of("credential-certificate-no-pem")
    return CredentialError.of(
        "credential-certificate-unread", opensslMessage=reason.replace("_", " ").lower()
    )


def _warn_if_expired(pem: bytes) -> None:
    """Log a warning if the certificate in *pem* has expired. The server decides what to do."""
    try:
        from cryptography import x509
    except ImportError:  # optional: without this package, only the server's refusal shows it
        return
    certificate = x509.load_pem_x509_certificate(pem)
    end = certificate.not_valid_after_utc
    if end < datetime.now(UTC):
        name = certificate.subject.rfc4514_string()
        _log.warning(
            "the client's certificate %r expired on %s; get a new one",
            name,
            f"{end:%Y-%m-%d}",
        )


def _pem(identity: TlsIdentity) -> tuple[bytes, bytes]:
    """Return the certificates and the key of *identity* as one PEM text, and the key's password."""
    password = identity.password.reveal().encode() if identity.password is not None else b""
    if identity.format == "pkcs12":
        return _unpacked(identity.certificate, password), b""
    key = identity.key.reveal().encode() if identity.key is not None else b""
    return identity.certificate.rstrip() + b"\n" + key, password


def _unpacked(data: bytes, password: bytes) -> bytes:
    """Convert *data*, PKCS#12 (RFC 7292) with *password*, to PEM. Raises `CredentialError`."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        raise CredentialError.of(
            "credential-package",
            use="PKCS#12",
            package="cryptography",
            extra="keys",
            pem=["certificate", "key"],
        ) from None
    try:
        bundle = pkcs12.load_pkcs12(data, password or None)
    except ValueError:
        raise CredentialError.of("credential-pkcs12-unread") from None
    if bundle.cert is None or bundle.key is None:
        raise CredentialError.of("credential-pkcs12-empty")
    # The own certificate first, then its chain: the order in which TLS sends them (RFC 8446,
    # section 4.4.2).
    certificates = [bundle.cert, *bundle.additional_certs]
    encoding = serialization.Encoding.PEM
    key = bundle.key.private_bytes(
        encoding,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (
        b"".join(additional.certificate.public_bytes(encoding) for additional in certificates) + key
    )


@contextlib.contextmanager
def _file(pem: bytes) -> Iterator[str]:
    """Yield the path of a temporary file with *pem*: `load_cert_chain` takes no bytes."""
    if hasattr(os, "memfd_create"):  # in memory, so that no key reaches the disk
        descriptor = os.memfd_create("httptask", os.MFD_CLOEXEC)
        try:
            _write(descriptor, pem)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, path = tempfile.mkstemp()  # readable only by the current user
    try:
        try:
            _write(descriptor, pem)
        finally:
            os.close(descriptor)
        yield path
    finally:
        Path(path).unlink()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
