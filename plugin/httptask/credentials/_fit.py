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
from httptask.errors import CodedError, Problem
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.model.credential import Credential, Secret

if TYPE_CHECKING:
    from httptask.model.exchange import OutgoingRequest
    from httptask.plugins import PluginManager

_LOCATION_FIELDS = ("in", "name")


@dataclass(frozen=True, slots=True)
class Requirement:
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
    def by(cls, scheme: Mapping[str, Any]) -> Requirement:
        """Return what *scheme* asks for."""
        scheme_type = scheme.get("type")
        if scheme_type == "apiKey":
            location, name = str(scheme.get("in", "")), str(scheme.get("name", ""))
            part = "a cookie" if location == "cookie" else f"the {location}"
            return cls(scheme, f"an API key in {part} named {name!r}", location, name)
        text = _BY_TYPE.get(
            str(scheme_type), f"a credential of the security scheme {scheme_type!r}"
        )
        if scheme_type == "http":
            name = str(scheme.get("scheme", "")).lower()
            text = _BY_HTTP_SCHEME.get(name, f"a credential of the HTTP scheme {name!r}")
        if scheme_type == "mutualTLS":
            return cls(scheme, text, "", "")
        return cls(scheme, text, "header", "Authorization")

    def refusal(
        self, credential: Credential, plugins: PluginManager
    ) -> tuple[str, dict[str, Any]] | None:
        """Return why *credential* does not fit, as the code of a problem and what is in its params;
        None when it does, or nobody can say.
        """
        answers = {name: known.fits(self.scheme) for name, known in known_schemes(plugins).items()}
        if answers.get(credential.scheme) is None or True not in answers.values():
            return None
        if not answers[credential.scheme]:
            return "credential-unfit", {"type": credential.scheme}
        if credential.scheme == "apiKey":
            location, name = (_plain(credential, field) for field in _LOCATION_FIELDS)
            if self.location == "header":
                is_same_name = name.lower() == self.name.lower()
            else:
                is_same_name = name == self.name
            if location and name and not (location == self.location and is_same_name):
                return "credential-key-elsewhere", {"location": location, "keyName": name}
        return None


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
    if not alternatives or not all(alternatives):
        return []
    missing = [
        [requirement for requirement in alternative if not _stands_in(requirement, request)]
        for alternative in alternatives
    ]
    if not all(missing):
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
    unfilled = [_unfilled(requirements, known, plugins) for requirements in missing]
    if not all(unfilled):
        return []
    problems = []
    for (at_name, _), credential in zip(named, known, strict=True):
        refusals = [
            requirement.refusal(credential, plugins)
            for requirements in missing
            for requirement in requirements
        ]
        if refusals[0] is not None and all(refusals):
            code, params = refusals[0]
            params = {"name": credential.name, "expected": asked, **params}
            problems.append(Problem.of(code, at_name, severity="warning", **params))
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


def _all_of(requirements: Sequence[Requirement]) -> str:
    return " and ".join(requirement.text for requirement in requirements)


def _unfilled(
    requirements: Sequence[Requirement], credentials: Sequence[Credential], plugins: PluginManager
) -> list[Requirement]:
    """Return those of *requirements* that none of *credentials* fits; each credential fits one.

    The choosiest comes first: an API key that says where it goes leaves the other for one that
    does not.
    """
    remaining = list(requirements)

    def fitting(credential: Credential) -> list[Requirement]:
        return [
            requirement for requirement in remaining if not requirement.refusal(credential, plugins)
        ]

    for credential in sorted(credentials, key=lambda credential: len(fitting(credential))):
        for requirement in fitting(credential)[:1]:
            remaining.remove(requirement)
    return remaining


def completed(
    credential: Credential, endpoint: Endpoint | None, request: OutgoingRequest
) -> Credential:
    """Return *credential* with `in` and `name` filled in from the endpoint's security schemes where
    they are missing.

    A scheme that *request* satisfies already does not count. Raises `ValueError` when no scheme
    says where the key goes, or when several are left.
    """
    if credential.scheme != "apiKey":
        return credential
    given = {field: text for field in _LOCATION_FIELDS if (text := _plain(credential, field))}
    if len(given) == len(_LOCATION_FIELDS):
        return credential
    described = [
        [
            (requirement.location, requirement.name)
            for requirement in alternative
            if requirement.scheme.get("type") == "apiKey"
        ]
        for alternative in (_alternatives(endpoint) if endpoint is not None else ())
    ]
    alternatives = [[key for key in keys if not _is_sent(request, *key)] for keys in described]
    fitting = [
        [key for key in keys if given.items() <= _location_fields(key).items()]
        for keys in alternatives
    ]
    # Any of the alternatives does, so the first; where one asks for several keys nobody can say
    # which this is.
    if chosen := next((keys for keys in fitting if len(keys) == 1), None):
        return replace(credential, fields={**credential.fields, **_location_fields(chosen[0])})
    keys = dict.fromkeys(key for alternative in described for key in alternative)
    known = [_location_fields(key) for key in keys]
    missing = [field for field in _LOCATION_FIELDS if field not in given]
    if any(fitting):
        raise CodedError("credential-api-key-of-several", described=known, missing=missing)
    if not known:
        raise CodedError("credential-api-key-of-none", missing=missing)
    if not any(alternatives):
        raise CodedError("credential-api-key-given", described=known)
    raise CodedError("credential-api-key-of-others", described=known, missing=missing)


def _location_fields(key: tuple[str, str]) -> dict[str, str]:
    """Return the fields `in` and `name` of a credential for *key*, a location and a name."""
    return dict(zip(_LOCATION_FIELDS, key, strict=True))


def _alternatives(endpoint: Endpoint) -> list[list[Requirement]]:
    """Return what *endpoint* asks for: alternatives, each all of some."""
    return [
        [_requirement(name, endpoint.security_schemes) for name in names]
        for names in endpoint.security or ()
    ]


def _requirement(name: str, schemes: Mapping[str, Mapping[str, Any]]) -> Requirement:
    """Return what the scheme *name* asks for; one that is not described asks for something that
    nobody can name.
    """
    if name in schemes:
        return Requirement.by(schemes[name])
    return Requirement(
        {}, f"a credential of the security scheme {name!r}, which is not described", "", ""
    )


def _stands_in(requirement: Requirement, request: Any) -> bool:
    """Say whether the settings *request* hold what *requirement* asks for.

    It may stand there in the open, or come by an expression.
    """
    group = PARAMETER_GROUPS.get(requirement.location)
    values = request.get(group) if isinstance(request, Mapping) and group else None
    if not isinstance(values, Mapping):
        return isinstance(values, str)  # one expression for all of them
    if requirement.location == "header":
        lower_name = requirement.name.lower()
        return any(isinstance(name, str) and name.lower() == lower_name for name in values)
    return requirement.name in values


def _is_sent(request: OutgoingRequest, location: str, name: str) -> bool:
    """Say whether *request* has a value called *name* in *location* already."""
    if location == "header":
        return request.header(name) is not None
    if location == "query":
        return any(
            query_name == name
            for query_name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        )
    pairs = (request.header("Cookie") or "").split(";")
    return any(pair.partition("=")[0].strip() == name for pair in pairs)


def _known(name: str, plugins: PluginManager) -> Credential | None:
    """Return what is known of the credential *name*, without its secrets; None when nothing is."""
    if not has_own_stores_alone(plugins):
        return None
    try:
        credential = from_environment(name) or from_file(name)
    except ValueError:  # what is wrong with the store is said when it is used
        return None
    if credential is None:
        return None
    locations = {field: text for field in _LOCATION_FIELDS if (text := _plain(credential, field))}
    return replace(credential, fields=locations)


def _plain(credential: Credential, field: str) -> str:
    value = credential.fields.get(field, "")
    return value.reveal() if isinstance(value, Secret) else value
