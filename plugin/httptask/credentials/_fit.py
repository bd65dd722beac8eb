"""Checking whether a credential fits the security schemes of an endpoint.

The check needs no secret, only the type of a credential and the location of an API key. It uses
only stores that are fast: the environment and the credentials file. If a plugin's store comes
before them, nothing is checked.
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
    """The requirement of one security scheme (OpenAPI: Security Scheme Object)."""

    scheme: Mapping[str, Any]
    """The description of the security scheme."""
    text: str
    """The requirement in words, such as `an API key in the header named 'X-Key'`."""
    location: str
    """Where the credential goes: `header`, `query` or `cookie`; "" when nowhere in the request."""
    name: str
    """The name of the header, query parameter or cookie."""

    @classmethod
    def by(cls, scheme: Mapping[str, Any]) -> Requirement:
        """Return the requirement of *scheme*."""
        scheme_type = scheme.get("type")
        if scheme_type == "apiKey":
            location = str(scheme.get("in", ""))
            name = str(scheme.get("name", ""))
            part = "a cookie" if location == "cookie" else f"the {location}"
            return cls(scheme, f"an API key in {part} named {name!r}", location, name)
        requirement_text = _BY_TYPE.get(
            str(scheme_type), f"a credential of the security scheme {scheme_type!r}"
        )
        if scheme_type == "http":
            name = str(scheme.get("scheme", "")).lower()
            requirement_text = _BY_HTTP_SCHEME.get(
                name, f"a credential of the HTTP scheme {name!r}"
            )
        if scheme_type == "mutualTLS":
            return cls(scheme, requirement_text, "", "")
        return cls(scheme, requirement_text, "header", "Authorization")

    def refusal(
        self,
        credential: Credential,
        plugins: PluginManager,
    ) -> tuple[str, dict[str, Any]] | None:
        """Return why *credential* does not fit, as the code and params of a problem.

        Returns None if it fits, or if no auth scheme knows this security scheme.
        """
        fits_by_scheme = {
            name: known.fits(self.scheme) for name, known in known_schemes(plugins).items()
        }
        # If no scheme knows it, the description may name its scheme wrongly: the server decides.
        if fits_by_scheme.get(credential.scheme) is None or True not in fits_by_scheme.values():
            return None
        if not fits_by_scheme[credential.scheme]:
            return "credential-unfit", {"type": credential.scheme}
        if credential.scheme == "apiKey":
            location, name = (_field_text(credential, field) for field in _LOCATION_FIELDS)
            if location and name and not self._is_at(location, name):
                return "credential-key-elsewhere", {"location": location, "keyName": name}
        return None

    def _is_at(self, location: str, name: str) -> bool:
        if location != self.location:
            return False
        if location == "header":
            return name.lower() == self.name.lower()
        return name == self.name


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
    """Return the JSON Pointer and the name of each credential of a task.

    *names* is the task's `credentials`: a name or a list of names. *at* is the JSON Pointer of the
    task.
    """
    if isinstance(names, str):
        return [(pointer_of(["credentials"], at), names)]
    listed = enumerate(names) if isinstance(names, list) else ()
    return [(pointer_of(["credentials", index], at), name) for index, name in listed]


def fitting_problems(
    endpoint: Endpoint,
    names: Any,
    request: Any,
    plugins: PluginManager,
    at: str = "",
) -> list[Problem]:
    """Return the problems of the credentials *names* for *endpoint*.

    *names* is a name, a list of names, or None. *request* is the task's `httpRequest`; a
    requirement that the request itself meets, with a header for example, needs no credential. *at*
    is the JSON Pointer of the task. All problems are warnings: descriptions are often wrong about
    security, and a plugin or a proxy may authorise the request.
    """
    missing = _missing_requirements(endpoint, request)
    if not missing:
        return []
    expected = " or ".join(dict.fromkeys(map(_all_of, missing)))
    pointer = pointer_of(["credentials"], at)
    if names is None:
        return [Problem.of("credential-missing", pointer, severity="warning", expected=expected)]
    task_credentials = named_credentials(names, at)
    credentials = _known_credentials([name for _, name in task_credentials], plugins)
    if not credentials:
        return []
    unfilled = [_unfilled(requirements, credentials, plugins) for requirements in missing]
    is_enough_for_one = not all(unfilled)
    if is_enough_for_one:
        return []
    problems = []
    for (name_pointer, _), credential in zip(task_credentials, credentials, strict=True):
        refusal = _refusal_by_all(credential, missing, plugins)
        if refusal is not None:
            code, params = refusal
            params = {
                "name": credential.name,
                "expected": expected,
                **params,
            }
            problems.append(Problem.of(code, name_pointer, severity="warning", **params))
    # If no credential fits, each has its own problem already.
    if len(problems) < len(credentials):
        problems.append(
            Problem.of(
                "credential-not-enough",
                pointer,
                severity="warning",
                name=", ".join(credential.name for credential in credentials),
                expected=expected,
                missing=_all_of(min(unfilled, key=len)),
            )
        )
    return problems


def _missing_requirements(endpoint: Endpoint, request: Any) -> list[list[Requirement]]:
    """Return the requirements of each alternative of *endpoint* that *request* does not meet.

    The list is empty if *request* meets all requirements of an alternative, or there are none.
    """
    missing = [
        [requirement for requirement in alternative if not _is_met_by(requirement, request)]
        for alternative in _alternatives(endpoint)
    ]
    return missing if all(missing) else []


def _known_credentials(names: Sequence[Any], plugins: PluginManager) -> list[Credential]:
    """Return the credentials *names* without their secrets; [] unless all of them are found."""
    credentials = []
    for name in names:
        if not isinstance(name, str):  # the check of the task reports this
            return []
        credential = _without_secrets(name, plugins)
        if credential is None:
            return []
        credentials.append(credential)
    return credentials


def _refusal_by_all(
    credential: Credential,
    alternatives: Sequence[Sequence[Requirement]],
    plugins: PluginManager,
) -> tuple[str, dict[str, Any]] | None:
    """Return why *credential* meets no requirement in *alternatives*; None if it meets one."""
    refusals = [
        requirement.refusal(credential, plugins)
        for requirements in alternatives
        for requirement in requirements
    ]
    if all(refusals):
        return refusals[0]
    return None


def _all_of(requirements: Sequence[Requirement]) -> str:
    return " and ".join(requirement.text for requirement in requirements)


def _unfilled(
    requirements: Sequence[Requirement],
    credentials: Sequence[Credential],
    plugins: PluginManager,
) -> list[Requirement]:
    """Return the *requirements* that are not met if each of *credentials* meets at most one.

    The credential that fits the fewest requirements comes first: an API key with a location takes
    the requirement for that location, and leaves others to a key without a location.
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
    credential: Credential,
    endpoint: Endpoint | None,
    request: OutgoingRequest,
) -> Credential:
    """Return *credential* with `in` and `name` filled in from the endpoint's security schemes where
    they are missing.

    Security schemes that *request* already satisfies are ignored. Raises `ValueError` when no
    scheme says where the key goes, or when it could belong to several.
    """
    if credential.scheme != "apiKey":
        return credential
    own_fields = _own_location(credential)
    if len(own_fields) == len(_LOCATION_FIELDS):
        return credential
    described = [_keys_of(alternative) for alternative in _alternatives(endpoint)]
    alternatives = [_not_sent(keys, request) for keys in described]
    fitting = [
        [key for key in keys if own_fields.items() <= _location_fields(key).items()]
        for keys in alternatives
    ]
    # Any alternative is enough, so take the first one that asks for a single key. If an alternative
    # asks for several keys, it is not known which of them this credential is.
    chosen = next((keys for keys in fitting if len(keys) == 1), None)
    if chosen:
        return replace(credential, fields={**credential.fields, **_location_fields(chosen[0])})
    keys = dict.fromkeys(key for alternative in described for key in alternative)
    locations = [_location_fields(key) for key in keys]
    missing = [field for field in _LOCATION_FIELDS if field not in own_fields]
    if any(fitting):
        raise CodedError("credential-api-key-of-several", described=locations, missing=missing)
    if not locations:
        raise CodedError("credential-api-key-of-none", missing=missing)
    if not any(alternatives):
        raise CodedError("credential-api-key-given", described=locations)
    raise CodedError("credential-api-key-of-others", described=locations, missing=missing)


def _own_location(credential: Credential) -> dict[str, str]:
    """Return those of the fields `in` and `name` that *credential* has."""
    texts = {field: _field_text(credential, field) for field in _LOCATION_FIELDS}
    return {field: text for field, text in texts.items() if text}


def _keys_of(requirements: Sequence[Requirement]) -> list[tuple[str, str]]:
    """Return the location and the name of each API key in *requirements*."""
    return [
        (requirement.location, requirement.name)
        for requirement in requirements
        if requirement.scheme.get("type") == "apiKey"
    ]


def _not_sent(
    keys: Sequence[tuple[str, str]],
    request: OutgoingRequest,
) -> list[tuple[str, str]]:
    return [key for key in keys if not _is_sent(request, *key)]


def _location_fields(key: tuple[str, str]) -> dict[str, str]:
    """Return the fields `in` and `name` of a credential for *key*, a location and a name."""
    return dict(zip(_LOCATION_FIELDS, key, strict=True))


def _alternatives(endpoint: Endpoint | None) -> list[list[Requirement]]:
    """Return the alternatives of *endpoint*: lists of requirements to be met together."""
    if endpoint is None:
        return []
    return [
        [_requirement(name, endpoint.security_schemes) for name in names]
        for names in endpoint.security or ()
    ]


def _requirement(name: str, schemes: Mapping[str, Mapping[str, Any]]) -> Requirement:
    """Return the requirement of the security scheme *name*, which may be missing in *schemes*."""
    if name in schemes:
        return Requirement.by(schemes[name])
    return Requirement(
        {},
        f"a credential of the security scheme {name!r}, which is not described",
        "",
        "",
    )


def _is_met_by(requirement: Requirement, request: Any) -> bool:
    """Say whether *request* already meets *requirement*, with a value or an expression."""
    group = PARAMETER_GROUPS.get(requirement.location)
    values = None
    if isinstance(request, Mapping) and group:
        values = request.get(group)
    if not isinstance(values, Mapping):
        return isinstance(values, str)  # an expression for the whole group may contain it
    if requirement.location == "header":
        lower_name = requirement.name.lower()
        return any(isinstance(name, str) and name.lower() == lower_name for name in values)
    return requirement.name in values


def _is_sent(request: OutgoingRequest, location: str, name: str) -> bool:
    """Say whether *request* already has a value *name* in *location*."""
    if location == "header":
        return request.header(name) is not None
    if location == "query":
        # An empty value is sent, too.
        query_pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        return any(query_name == name for query_name, _ in query_pairs)
    pairs = (request.header("Cookie") or "").split(";")
    return any(pair.partition("=")[0].strip() == name for pair in pairs)


def _without_secrets(name: str, plugins: PluginManager) -> Credential | None:
    """Return the credential *name* without its secrets; None if it cannot be found quickly."""
    if not has_own_stores_alone(plugins):
        return None
    try:
        credential = from_environment(name) or from_file(name)
    except ValueError:  # a broken store is reported when the credential is used
        return None
    if credential is None:
        return None
    return replace(credential, fields=_own_location(credential))


def _field_text(credential: Credential, field: str) -> str:
    value: str | Secret = credential.fields.get(field, "")
    if isinstance(value, Secret):
        return value.reveal()
    return value
