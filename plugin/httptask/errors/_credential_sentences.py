"""The sentences about a credential that cannot be used: see `_sentences`.

The params `schemeMessage`, `storeMessage` and `opensslMessage` are messages of an auth scheme, of a
store and of OpenSSL; `failureMessage` is the message of the error that ended a token request.
"""

from __future__ import annotations

from collections.abc import Mapping

from httptask.errors._scheme_sentences import SCHEMES
from httptask.errors._token_sentences import TOKENS

_NAMES = "[credential {names:quoted}: ]"

CREDENTIAL: Mapping[str, str] = {
    # What an endpoint asks for
    "credential-unknown": (
        "there is no credential {name!r} on this machine: httptask credentials set {name:shell}"
        " adds it"
    ),
    "credential-missing": "this endpoint asks for {expected}: name a credential",
    "credential-unfit": (
        "the credential {name!r} is of the type {type!r}; this endpoint asks for {expected}"
    ),
    "credential-key-elsewhere": (
        "the credential {name!r} puts its key in the {location} under the name {keyName!r}; this"
        " endpoint asks for {expected}"
    ),
    "credential-not-enough": (
        "the credential {name!r} is not all that this endpoint asks for: {expected}; {missing} is"
        " missing: name a credential for it, too, in a list, or put it into the settings"
    ),
    # Its store, its type and its fields
    "credential-not-stored": (
        "no credential {name!r}: httptask credentials set {name:shell} adds it to {file} (readable"
        " by its owner alone), or set {variable}"
    ),
    "credential-store-failed": "credential {name!r}: {storeMessage}",
    "credential-store-type": (
        "credential {name!r}: a plugin's httptask_credential gave {found}, not a Credential"
    ),
    "credential-type-unknown": (
        "credential {name!r} has the unknown type {type!r}; [did you mean {near!r}?][known:"
        " {known}]"
    ),
    "credential-fields": ("credential {name!r}: {problems:sentences}; type {type!r} has: {known}"),
    "credential-origin": (
        "credential {name!r} may only be sent to {allowed}; this request goes to {found}"
    ),
    "credential-scheme": "[credential {name!r}: ]{schemeMessage}",
    "credential-signature-key": (
        "credential {name!r} has {count} secrets: the key of a signature is the only one"
    ),
    "credential-package": (
        "[credential {name!r}: ]" + _NAMES + "{use} needs the package {package}: pip install"
        " 'httptask{extra:extra}'[; or give the {pem:and} as PEM]"
    ),
    "credential-same-header": (
        "the credentials {names:quoted} both stand in the header {header!r}, and a request has one:"
        " leave one out, or send it elsewhere"
    ),
    # A client's certificate
    "credential-certificates": (
        "the credentials {names:quoted} both have a certificate; a connection shows one"
    ),
    "credential-certificate-key": (
        _NAMES + "the key does not fit the client's certificate; give the key it was made with"
    ),
    "credential-certificate-password": (
        _NAMES + "the key of the client's certificate cannot be read: the password is wrong"
    ),
    "credential-certificate-encrypted": (
        _NAMES + "the key of the client's certificate cannot be read: it is encrypted: give its"
        " password"
    ),
    "credential-certificate-unread": (
        _NAMES + "the client's certificate, or its key, cannot be read ({opensslMessage}): each is"
        " PEM, from its BEGIN line to its END line"
    ),
    "credential-certificate-no-pem": (
        _NAMES
        + "the client's certificate, or its key, cannot be read (it is not PEM): each is PEM,"
        " from its BEGIN line to its END line"
    ),
    "credential-certificate-unusable": (
        _NAMES + "the client's certificate cannot be used: {pythonMessage}"
    ),
    "credential-pkcs12-unread": (
        _NAMES + "the PKCS#12 cannot be read: its password is wrong, or it is none"
    ),
    "credential-pkcs12-empty": _NAMES + "the PKCS#12 holds no certificate with a key",
    **SCHEMES,
    **TOKENS,
}
