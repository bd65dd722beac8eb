"""The sentences about credentials that the built-in auth schemes and stores refuse: see
`_sentences`.

The params `jsonMessage`, `systemMessage` and `keyringMessage` are messages of the JSON parser, the
operating system and the keyring. `description` is the description of a field in its schema.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAME = "[credential {name!r}: ]"
_NO_PLACE = "it does not say where its key goes, and "
_ADD = "; add {missing:quoted} to the credential"
_UNREAD = "the private key cannot be read: "
_CLOCK = "the server's: AWS takes signatures of the last minutes only; set the clock"

_SENTENCES: Mapping[str, str] = {
    # Fields that do not go together
    "credential-field-missing": (
        "{field:field} is missing[ for {use!r}][: give it, or {instead}][: {description}]"
    ),
    "credential-field-unknown": "{field:field} is not known[; did you mean {near!r}?]",
    "credential-field-type": "{field:field} must be {types:types}",
    "credential-field-choice": "{field:field} must be one of {known}",
    "credential-field-unfit": "{field:field} does not satisfy {keyword!r}[: {description}]",
    "credential-field-unused": (
        "{use!r} does not use {field}: leave {field} out[, or write {instead!r}]"
    ),
    "credential-one-of": "give {choices:either}, not both",
    "credential-not-encoded": (
        "{field!r} is not {encoding}[, which {says!r} says it is][: encode the file, `{command}`]"
    ),
    "credential-certificate-holds-key": ("'certificate' holds a private key; put that into 'key'"),
    # A key that signs
    "credential-signing-key-algorithm": "{found!r} does not sign with {key}; write {known:or}",
    "credential-signing-key-public": (
        _UNREAD + "it is what others check with; give the one that begins with BEGIN PRIVATE KEY"
    ),
    "credential-signing-key-password": _UNREAD + "its password is wrong",
    "credential-signing-key-encrypted": _UNREAD + "it is encrypted: give its password",
    "credential-signing-key-not-encrypted": _UNREAD + "it is not encrypted: leave its password out",
    "credential-signing-key-no-pem": _UNREAD + "it is PEM, from its BEGIN line to its END line",
    "credential-signing-key-kind": (
        "no JWT is signed with a private key of this kind; take RSA, EC or Ed25519"
    ),
    # Where a secret goes
    "credential-api-key-given": (
        "the settings hold what it is for already: {described:places}; leave that out, or the"
        " credential"
    ),
    "credential-api-key-of-several": (
        _NO_PLACE + "its endpoint asks for several at once: {described:places}" + _ADD
    ),
    "credential-api-key-of-others": (
        _NO_PLACE + "what its endpoint describes is another: {described:places}" + _ADD
    ),
    "credential-api-key-of-none": _NO_PLACE + "its endpoint does not describe one" + _ADD,
    "credential-place": "'in' is {found!r}; a secret goes in one of {known}",
    "credential-cookie": (
        "the key, or its name, cannot be written in a cookie (RFC 6265, section 4.1.1), and"
        " cookies are"
        " sent as they are given; write it as the server expects it, percent-encoded for instance"
    ),
    "credential-header": "{header!r} is no header that a credential can go into",
    "credential-header-value": (
        "its value for the header {header} holds a line break, a control character or blanks around"
        " it; was it pasted with a line end?"
    ),
    "credential-token-text": (
        "the token holds blanks, control characters or letters beyond ASCII; was it pasted with a"
        " line end?"
    ),
    "credential-user-colon": (
        "the user name holds a colon, which basic authentication cannot carry"
    ),
    "credential-body-encoded": (
        "a body with a Content-Encoding takes no field; leave that header out"
    ),
    "credential-body-file": "a body that is a file takes no field",
    "credential-body-type": (
        "the field {field!r} can be put into JSON or a form, and this body is {found}"
    ),
    "credential-body-no-json": "the body is no JSON: {jsonMessage}",
    "credential-body-no-object": (
        "the body has no object[ at {place}], where {field!r} is to stand"
    ),
    "credential-body-no-multipart": (
        "the body does not end as multipart, so that no part can be added"
    ),
    # A signature, or a digest
    "credential-clock": (
        "the server refused the signature ({status}), and the clock of this machine is[ "
        "{secondsAhead:,.0f} s ahead of "
        + _CLOCK
        + "][ {secondsBehind:,.0f} s behind "
        + _CLOCK
        + "]"
    ),
    "credential-signed-part": "{{{part}}} is no part of a request; known: {known:placeholders}",
    "credential-signed-body": (
        "{{body}} would hold the whole of a streamed body; sign {{bodySha256}}, if the API takes"
        " that"
    ),
    "credential-signature-unsent": (
        "nothing in 'send' holds {{signature}}, so that it would not be sent"
    ),
    "credential-digest-qop": (
        "the server asks for digest authentication with qop={found:joined}; only 'auth' is known:"
        " let the server offer it too"
    ),
    "credential-digest-algorithm": (
        "the server asks for digest authentication with the algorithm {found:joined}, or without a"
        " nonce; known are {known}, each with -sess, too"
    ),
    # Where tokens come from
    "credential-metadata-member": "the metadata of {issuer} names no {member}; give {field}",
    "credential-url-plain": (
        "{field} leads to {found}, where everybody on the way reads the secrets: write https:,"
        " or, if the network is your own, add {found!r} to the origins of the credential"
    ),
    "credential-url-relative": (
        "{field} is relative, and no server of the endpoint says to what; write the whole URL"
    ),
    "credential-url-outside": "{field} leads to {found}, which is none of its origins",
    "credential-redirect-uri": (
        "the redirect URI {found!r} must be https:, or http: on this machine, such as"
        " http://127.0.0.1:8765/callback"
    ),
    # A store
    "credential-store-no-json": "{source} is not JSON: {jsonMessage}",
    "credential-store-unread": "{file} cannot be read: {systemMessage}",
    "credential-store-unwritten": "{file} cannot be written: {systemMessage}",
    "credential-store-no-utf-8": "{file} is not in UTF-8",
    "credential-store-no-object": (
        "{file} must hold one JSON object: credential name -> credential"
    ),
    "credential-store-entry": (
        '{source} must be an object with a "type", such as {{"type": "bearer", "token": "..."}}'
    ),
    "credential-store-origins": (
        '{source}: "origins" must be a list of origins such as "https://api.procore.com"'
    ),
    "credential-store-origin": (
        '{source}: the origin {found!r} is none; one looks like "https://api.procore.com"'
    ),
    "credential-store-keyring": "the system keyring failed: {keyringMessage}",
    "credential-store-no-keyring": (
        "this machine has no system keyring (or nobody is logged in to it); keep the credential"
        " in the file"
    ),
    "credential-store-tokens": "{file} ({variable}) holds no tokens; remove the file",
    "credential-store-unknown": (
        "there is no store {found!r} that can be written; there are: {known}"
    ),
    "credential-store-fixed": "the {store} is not written from here",
}

SCHEMES: Mapping[str, str] = {
    **{code: _NAME + text for code, text in _SENTENCES.items()},
    # A store and the credential in it
    "credential-store-keyring-entry": "the system keyring: {name!r} is not JSON; set it again",
    "credential-store-absent": "the {store} has no credential {name!r}",
    "credential-store-taken": (
        "the {store} has a credential {name!r} already: remove one of them first"
    ),
    "credential-store-forgot": "the {store} did not keep {name!r}; it stays in the {other}",
}
