"""The sentences about tokens, and about a person's consent: see `_sentences`.

The param `serverMessage` is the start of the server's response, and `serverPage` the start of an
HTML page, both with secrets masked; `error` is the server's error code.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

_ANSWERED = (
    ": the server answered {status}[: {serverMessage}]"
    "[: an HTML page, which no token endpoint should: {serverPage}]"
)
_NO_TOKEN = "credential {name!r}: no token[ ({error})][ from {server}]" + _ANSWERED
_HOLDS_THE_TIME = "the server's, and the signed assertion holds the time: set it"
_CLOCK = (
    f"[; the clock of this machine is {{secondsAhead:,.0f}} s ahead of {_HOLDS_THE_TIME}]"
    f"[; the clock of this machine is {{secondsBehind:,.0f}} s behind {_HOLDS_THE_TIME}]"
)
_ENDED = "; what was granted is not valid any more, or was for another client: "
_CONNECT = "run `httptask credentials connect {name:shell}`, or press Connect in the page"
_LATE = "credential {names:quoted}: "
_PASSED = (
    ": the total of {seconds:g} s (totalTimeoutSeconds) passed; "
    "[its server had answered {answered}, and nothing was sent again][{request:sent}]; "
)

TOKENS: Mapping[str, str] = {
    # A token endpoint that gives none
    "credential-refused": "credential {name!r}: {schemeMessage}" + _ANSWERED + "[; {schemeAdvice}]",
    "credential-no-token": _NO_TOKEN + _CLOCK,
    "credential-token-url": _NO_TOKEN + "; check tokenUrl" + _CLOCK,
    "credential-token-redirected": (
        _NO_TOKEN + "; a token request is not redirected: is {target} the tokenUrl?"
    ),
    "credential-client-refused": (
        _NO_TOKEN + "; the server does not know the client, or wants it to authenticate in another"
        " way than {authentication!r}: check {checked:and}; it may want {others:ways}" + _CLOCK
    ),
    "credential-grant-ended": _NO_TOKEN + _ENDED + "check the credential" + _CLOCK,
    "credential-refresh-token-ended": (
        _NO_TOKEN + _ENDED + "give the credential a new refreshToken" + _CLOCK
    ),
    "credential-consent-ended": _NO_TOKEN + _ENDED + _CONNECT + _CLOCK,
    "credential-scopes-refused": _NO_TOKEN + "; check the scopes" + _CLOCK,
    "credential-grant-not-allowed": (
        _NO_TOKEN
        + "; the client may not use this grant: allow it where the client is registered"
        + _CLOCK
    ),
    "credential-grant-unknown": (
        _NO_TOKEN + "; the server does not know this grant: check tokenUrl and grant" + _CLOCK
    ),
    "credential-target-refused": _NO_TOKEN + "; check resource and audience" + _CLOCK,
    "credential-token-page": _NO_TOKEN + "; the answer is an HTML page; check tokenUrl",
    "credential-token-unread": _NO_TOKEN
    + "; the answer is neither JSON nor a form; check tokenUrl",
    "credential-token-absent": (
        _NO_TOKEN + "; no token stands at {place}; say where it does with tokenAt.accessToken"
    ),
    "credential-token-type": (
        _NO_TOKEN + "; the token is of the type {type!r}, which takes more than to be sent; ask for"
        " a bearer token, or say with sendAs.prefix how it is sent"
    ),
    "credential-user-code-absent": (
        _NO_TOKEN + "; no user code stands in it; check deviceAuthorizationUrl"
    ),
    "credential-user-code-refused": _NO_TOKEN + "; check deviceAuthorizationUrl",
    "credential-metadata-absent": (
        "credential {name!r}: nothing at {url} says where its endpoints are"
        + _ANSWERED
        + "; check issuer, or write tokenUrl"
    ),
    "credential-metadata-issuer": (
        "credential {name!r}: the metadata is of another issuer, {found!r}"
        + _ANSWERED
        + "; if that is the one you mean, write issuer so, character for character"
    ),
    # A token endpoint that does not answer
    "credential-unanswered": (
        "credential {name!r}: the request[ to {server}] failed ({outcome}): {failureMessage}"
    ),
    "credential-no-answer": (
        "credential {name!r}: no answer within {seconds:g} s[: {queueReason}]"
    ),
    "credential-token-late": "credential {name!r}: no token was given within {seconds:g} s",
    "credential-token-awaited": (
        "credential {name!r}: no token within {seconds:g} s: another process has been asking for it"
    ),
    "credential-token-deadline": (
        _LATE
        + "no token came from {host}[ ({queueReason})]"
        + _PASSED
        + "see whether the token endpoint works (test the credential), or raise totalTimeoutSeconds"
    ),
    "credential-deadline": (
        _LATE
        + "the credential was not ready"
        + _PASSED
        + "whatever keeps credentials and tokens has to answer sooner, or raise totalTimeoutSeconds"
    ),
    # Tokens that are kept
    "credential-tokens-refused": (
        "credential {name!r}: the server refuses every token that it gives"
    ),
    "credential-token-store": "credential {name!r}: the token store failed: {storeMessage}",
    "credential-token-busy": (
        "credential {name!r}: the token store is busy: somebody else writes this token; try again"
    ),
    "credential-token-closed": (
        "credential {name!r}: the runtime was closed before a token was given"
    ),
    "credential-not-asked": "no token is asked for to show a request",
    # A person's consent
    "credential-asks-nobody": (
        "[credential {name!r}: ][its type, {type!r},][the grant {grant!r}, which gets tokens by"
        " itself,] asks nobody for consent"
    ),
    "credential-consent-missing": (
        "credential {name!r} has no token that is valid: somebody has to consent; " + _CONNECT
    ),
    "credential-consent-twice": (
        "credential {name!r}: the answer has a parameter twice; connect again"
    ),
    "credential-consent-state": (
        "credential {name!r}: the answer is not the one to this question (its state is another);"
        " connect again, and open no other link meanwhile"
    ),
    "credential-consent-used": "credential {name!r}: this answer was used already; connect again",
    "credential-consent-late": (
        "credential {name!r}: nobody consented within {seconds:.0f} s; connect again"
    ),
    "credential-user-code-late": (
        "credential {name!r}: nobody entered the code within {seconds:.0f} s; connect again"
    ),
    "credential-consent-refused": (
        "credential {name!r}: consent was refused ({error}[: {serverMessage}])"
    ),
    "credential-consent-not-given": (
        "credential {name!r}: no consent was given ({error}[: {serverMessage}])"
    ),
    "credential-consent-no-code": (
        "credential {name!r}: the answer holds no code; give the complete URL that was opened last"
    ),
    "credential-consent-issuer": (
        "credential {name!r}: the answer is of another issuer, {found!r}, not {expected!r}"
    ),
    "credential-consent-issuer-missing": (
        "credential {name!r}: the answer does not say its issuer, and its server always does"
    ),
}

_WAYS = {
    "basic": "id and secret encoded in the header",
    "basicRaw": "both in the header as they are",
    "post": "the secret in the body",
    "privateKeyJwt": "a signed JWT",
    "clientSecretJwt": "a JWT signed with the secret",
    "tls": "a client's certificate",
}


"""Value of the credential's `clientAuthentication` -> text."""

_SENT = {
    "unsent": "the task's request was never sent",
    "not-resent": "the task's request was not sent this time",
}


def _ways(names: Sequence[str]) -> str:
    ways = [f'{_WAYS[name]}: "clientAuthentication": "{name}"' for name in names]
    return ", or ".join(ways) or "a clientSecret"


_TYPES = {
    "string": "text",
    "object": "an object",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
"""Type in JSON Schema -> text for people."""


def _types(names: Sequence[str]) -> str:
    return " or ".join(_TYPES.get(name, name) for name in names)


LIST_FORMATS: Mapping[str, Callable[[Sequence[str]], str]] = {"ways": _ways, "types": _types}
TEXT_FORMATS: Mapping[str, Callable[[str], str]] = {
    "shell": shlex.quote,
    "extra": lambda name: f"[{name}]",
    "field": lambda name: (name if name.startswith("/") else repr(name)) if name else "it",
    "sent": lambda word: _SENT[word],
}
"""Format in a template -> function that writes a text in it."""
