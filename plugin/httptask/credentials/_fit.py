"""Which credential fits an endpoint: what its security schemes ask for, and what is known of a
credential without using it.

No secret is needed to say so. Of a credential only its type is looked at, and where an API key
goes; and only where that is cheap and certain: in the environment and the credentials file, when no
plugin's store would be asked before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from httptask._core.pointers import pointer as pointer_of
from httptask.credentials._known import has_own_stores_alone, known_schemes
from httptask.credentials._stores import from_environment, from_file
from httptask.errors import Problem
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.model.credential import Credential, Secret

if TYPE_CHECKING:
    from httptask.model.exchange import OutgoingRequest
    from httptask.plugins import PluginManager

_PLACES = ("in", "name")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one security scheme asks for (OpenAPI: Security Scheme Object)."""

    scheme: Mapping[str, Any]
    """As it is described."""
    text: str
    """For a person: `an API key in the header 'X-Key'`."""
    location: str
    """Where it stands in a request: `header`, `query` or `cookie`; "" elsewhere."""
    name: str
    """Under which name."""

    @classmethod
    def by(cls, scheme: Mapping[str, Any]) -> Wanted:
        """Return what *scheme* asks for."""
        kind = scheme.get("type")
        if kind == "apiKey":
            location, name = str(scheme.get("in", "")), str(scheme.get("name", ""))
            place = "a cookie" if location == "cookie" else f"the {location}"
            return cls(scheme, f"an API key in {place} named {name!r}", location, name)
        text = _BY_TYPE.get(str(kind), f"a credential of the security scheme {kind!r}")
        if kind == "http":
            name = str(scheme.get("scheme", "")).lower()
            text = _BY_HTTP_SCHEME.get(name, f"a credential of the HTTP scheme {name!r}")
        if kind == "mutualTLS":
            return cls(scheme, text, "", "")
        return cls(scheme, text, "header", "Authorization")

    def refusal(self, credential: Credential, plugins: PluginManager) -> str:
        """Return why *credential* does not fit; "" when it does, or nobody can say."""
        answers = {name: known.fits(self.scheme) for name, known in known_schemes(plugins).items()}
        if answers.get(credential.scheme) is None or True not in answers.values():
            return ""
        if not answers[credential.scheme]:
            return f"is of the type {credential.scheme!r}"
        if credential.scheme == "apiKey":
            location, name = (_plain(credential, each) for each in _PLACES)
            same = (
                name.lower() == self.name.lower()
                if self.location == "header"
                else name == self.name
            )
            if location and name and not (location == self.location and same):
                return f"puts its key in the {location} under the name {name!r}"
        return ""


_BY_TYPE = {
    "oauth2": "an OAuth 2.0 access token, as a bearer token",
    "openIdConnect": "an OpenID Connect access token, as a bearer token",
    "mutualTLS": "a client's certificate (mutual TLS)",
}
_BY_HTTP_SCHEME = {
    "basic": "a user name and a password (type basic)",
    "digest": "a user name and a password (type digest)",
    "bearer": "a bearer token",
}


def named_credentials(names: Any, at: str = "") -> list[tuple[str, str]]:
    """Return the credentials *names* of a task, one or a list, each with its JSON Pointer; *at* is
    that of the task.
    """
    if isinstance(names, str):
        return [(pointer_of(["credentials"], at), names)]
    listed = enumerate(names) if isinstance(names, list) else ()
    return [(pointer_of(["credentials", index], at), name) for index, name in listed]


def fitting_problems(
    endpoint: Endpoint, names: Any, request: Any, plugins: PluginManager, at: str = ""
) -> list[Problem]:
    """Return what is wrong with the credentials *names* of a task for *endpoint*: one, a list, or
    None. Warnings only.

    *request* is the task's `httpRequest`: what stands in it already, as a header say, asks for no
    credential. *at* is the JSON Pointer of the task. Descriptions are often wrong about security,
    and a plugin or a proxy may authorise: the task runs.
    """
    alternatives = _alternatives(endpoint)
    # Nothing is said, or nothing is needed.
    if not alternatives or any(not each for each in alternatives):
        return []
    missing = [
        [wanted for wanted in each if not _stands_in(wanted, request)] for each in alternatives
    ]
    if any(not each for each in missing):
        return []
    asked = " or ".join(dict.fromkeys(map(_all_of, missing)))
    pointer = pointer_of(["credentials"], at)
    if names is None:
        return [Problem.of("credential-missing", pointer, severity="warning", expected=asked)]
    named = named_credentials(names, at)
    if not all(isinstance(name, str) for _, name in named):  # said where the task is checked
        return []
    credentials = [_known(name, plugins) for _, name in named]
    known = [credential for credential in credentials if credential is not None]
    if not known or len(known) < len(named):
        return []
    unfilled = [_unfilled(each, known, plugins) for each in missing]
    if any(not each for each in unfilled):
        return []
    problems = [
        Problem.of(
            "credential-unfit",
            where,
            severity="warning",
            name=credential.name,
            reason=missing[0][0].refusal(credential, plugins),
            expected=asked,
        )
        for (where, _), credential in zip(named, known, strict=True)
        if all(wanted.refusal(credential, plugins) for each in missing for wanted in each)
    ]
    if len(problems) < len(known):
        least = min(unfilled, key=len)
        problems.append(
            Problem.of(
                "credential-not-enough",
                pointer,
                severity="warning",
                name=", ".join(credential.name for credential in known),
                expected=asked,
                missing=_all_of(least),
            )
        )
    return problems


def _all_of(wanted: Sequence[Wanted]) -> str:
    return " and ".join(each.text for each in wanted)


def _unfilled(
    wanted: Sequence[Wanted], credentials: Sequence[Credential], plugins: PluginManager
) -> list[Wanted]:
    """Return those of *wanted* that none of *credentials* fits; each credential fits one.

    The choosiest comes first: an API key that says where it goes leaves the other for one that
    does not.
    """
    left = list(wanted)

    def fitting(credential: Credential) -> list[Wanted]:
        return [each for each in left if not each.refusal(credential, plugins)]

    for credential in sorted(credentials, key=lambda credential: len(fitting(credential))):
        for each in fitting(credential)[:1]:
            left.remove(each)
    return left


def completed(
    credential: Credential, endpoint: Endpoint | None, request: OutgoingRequest
) -> Credential:
    """Return *credential* with `in` and `name` filled in from the endpoint's security schemes where
    they are missing.

    A scheme that *request* satisfies already does not count. Raises `ValueError` when no scheme
    says where the key goes, or when several are left.
    """
    if credential.scheme != "apiKey" or all(_plain(credential, each) for each in _PLACES):
        return credential
    said = {each: text for each in _PLACES if (text := _plain(credential, each))}
    described = [
        [(wanted.location, wanted.name) for wanted in each if wanted.scheme.get("type") == "apiKey"]
        for each in (_alternatives(endpoint) if endpoint is not None else ())
    ]
    alternatives = [
        [place for place in each if not _is_sent(request, *place)] for each in described
    ]
    fitting = [
        [place for place in each if said.items() <= dict(zip(_PLACES, place, strict=True)).items()]
        for each in alternatives
    ]
    # Any of the alternatives does, so the first; where one asks for several keys nobody can say
    # which this is.
    if chosen := next((each for each in fitting if len(each) == 1), None):
        return replace(
            credential, fields={**credential.fields, **dict(zip(_PLACES, chosen[0], strict=True))}
        )
    known = "; ".join(
        dict.fromkeys(f"{location} {name!r}" for each in described for location, name in each)
    )
    why = (
        f"its endpoint asks for several at once: {known}"
        if any(fitting)
        else "its endpoint does not describe one"
    )
    if known and not any(fitting):
        why = f"what its endpoint describes is another: {known}"
        if not any(alternatives):
            raise ValueError(
                f"the settings hold what it is for already: {known}; leave that out, or the"
                " credential"
            )
    missing = " and ".join(repr(each) for each in _PLACES if each not in said)
    raise ValueError(
        f"it does not say where its key goes, and {why}; add {missing} to the credential"
    )


def _alternatives(endpoint: Endpoint) -> list[list[Wanted]]:
    """Return what *endpoint* asks for: alternatives, each all of some."""
    return [
        [_wanted(name, endpoint.security_schemes) for name in each]
        for each in endpoint.security or ()
    ]


def _wanted(name: str, schemes: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """Return what the scheme *name* asks for; one that is not described asks for something that
    nobody can name.
    """
    if name in schemes:
        return Wanted.by(schemes[name])
    return Wanted(
        {}, f"a credential of the security scheme {name!r}, which is not described", "", ""
    )


def _stands_in(wanted: Wanted, request: Any) -> bool:
    """Say whether the settings *request* hold what is *wanted*, in the open or by an expression."""
    group = PARAMETER_GROUPS.get(wanted.location)
    values = request.get(group) if isinstance(request, Mapping) and group else None
    if not isinstance(values, Mapping):
        return isinstance(values, str)  # one expression for all of them
    if wanted.location == "header":
        return any(isinstance(each, str) and each.lower() == wanted.name.lower() for each in values)
    return wanted.name in values


def _is_sent(request: OutgoingRequest, location: str, name: str) -> bool:
    """Say whether *request* has a value called *name* in *location* already."""
    if location == "header":
        return request.header(name) is not None
    if location == "query":
        return any(
            each == name
            for each, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        )
    pairs = (request.header("Cookie") or "").split(";")
    return any(each.partition("=")[0].strip() == name for each in pairs)


def _known(name: str, plugins: PluginManager) -> Credential | None:
    """Return what is known of the credential *name*, without its secrets; None when nothing is."""
    if not has_own_stores_alone(plugins):
        return None
    try:
        found = from_environment(name) or from_file(name)
    except ValueError:  # what is wrong with the store is said when it is used
        return None
    if found is None:
        return None
    return replace(found, fields={each: text for each in _PLACES if (text := _plain(found, each))})


def _plain(credential: Credential, field: str) -> str:
    value = credential.fields.get(field, "")
    return value.reveal() if isinstance(value, Secret) else value
