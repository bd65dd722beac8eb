"""Finding a credential by name, and authorising a request with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from httptask._core.nearest import nearest
from httptask._core.redaction import Redactor
from httptask._core.threads import in_thread
from httptask._http.header_fields import value_of
from httptask._http.syntax import FRAMING, TOKEN, UNSENDABLE, origin
from httptask.credentials._fit import completed
from httptask.credentials._known import KnownScheme, has_own_stores_alone, known_schemes
from httptask.credentials._schema import credential_problems, with_secrets
from httptask.credentials._stores import credentials_file, from_environment, variable
from httptask.errors import CodedError, CredentialError, TaskError
from httptask.model.credential import Credential
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.plugins import PluginManager
    from httptask.protocols import AuthContext


@dataclass(frozen=True, slots=True)
class Resolved:
    """A credential from a store, with its auth scheme and the properties derived from both."""

    credential: Credential
    """The credential. Its secret fields, by its scheme's schema, are `Secret`s."""
    known: KnownScheme
    """The auth scheme of the credential."""
    secrets: tuple[str, ...] = field(repr=False)
    """The values to mask."""
    adds_same_header: bool
    """Whether the added header depends only on the credential, its token and the endpoint."""
    challenge_statuses: Collection[int] | None
    """The statuses of the responses that the auth scheme wants to see; None: all responses."""


async def resolve(name: str, plugins: PluginManager) -> Credential:
    """Return the credential *name*. See `resolve_known`."""
    return (await resolve_known(name, plugins)).credential


async def resolve_known(name: str, plugins: PluginManager) -> Resolved:
    """Return the credential *name* from the first store that has it, with its auth scheme.

    Stores are asked every time, so that a changed secret is used at once. They run in a worker
    thread. Raises `CredentialError` if no store has the credential, a store fails, or the fields do
    not fit the scheme.
    """
    try:
        # Read the environment without a thread, which would take longer than the request itself.
        credential = from_environment(name) if has_own_stores_alone(plugins) else None
        if credential is None:
            credential = await in_thread(lambda: plugins.hook.httptask_credential(name=name))
    except TaskError:
        raise
    except Exception as error:
        raise CredentialError.because(
            error,
            "credential-store-failed",
            "storeMessage",
            name=name,
        ) from error
    if credential is not None and not isinstance(credential, Credential):
        raise CredentialError.of(
            "credential-store-type",
            name=name,
            found=type(credential).__name__,
        )
    if credential is None:
        raise CredentialError.of(
            "credential-not-stored",
            name=name,
            variable=variable(name),
            file=str(credentials_file()),
        )
    return resolved(credential, plugins)


async def authorise(
    request: OutgoingRequest,
    credential: Credential,
    known: KnownScheme,
    redactor: Redactor,
    endpoint: Endpoint | None = None,
    context: AuthContext | None = None,
) -> None:
    """Authorise *request* to *endpoint*, in place, with *credential*, whose scheme is *known*.

    An API key without a location goes where the endpoint's security schemes say. Headers that the
    scheme adds are secret, too: *redactor* learns them. Raises `CredentialError` if the credential
    is bound to other origins, or the scheme fails.
    """
    lines = list(request.headers)
    body = request.body
    try:
        target = origin(request.url)
        allowed_origins = credential.origins
        is_bound = allowed_origins and target not in allowed_origins
        if is_bound and target not in map(origin, allowed_origins):
            raise CredentialError.of(
                "credential-origin",
                name=credential.name,
                allowed=[*credential.origins],
                found=target,
            )
        pending = known.authorise(request, completed(credential, endpoint, request), context)
        if pending is not None:
            await pending
        for name, value in request.headers:
            line = name, value
            if line not in lines and not redactor.masks_header(line):
                _check_header(name, value)
                redactor.add_header(line, value_of(lines, name))
        # If the scheme changed the body, an existing Content-Length must be updated.
        if request.body is not body and value_of(lines, "Content-Length") is not None:
            request.set_header("Content-Length", str(len(request.body)))
    except TaskError:
        raise
    except Exception as error:  # noqa: BLE001 - a scheme may raise anything; `blamed` masks the text
        raise CredentialError.because(
            error, "credential-scheme", "schemeMessage", name=credential.name
        ) from None  # the cause may quote a secret


def _check_header(name: str, value: str) -> None:
    """Raise `CodedError` for a header that cannot be sent (RFC 9110, section 5.5).

    The error does not show the value, which is secret.
    """
    if not TOKEN.fullmatch(name) or name.lower() in FRAMING:
        raise CodedError("credential-header", header=name)
    if UNSENDABLE.search(value) or value != value.strip(" \t"):
        raise CodedError("credential-header-value", header=name)


def known_scheme(credential: Credential, plugins: PluginManager) -> KnownScheme:
    """Return the auth scheme of *credential*.

    Raises `CredentialError` for an unknown type; the error suggests the nearest name.
    """
    schemes = known_schemes(plugins)
    if credential.scheme not in schemes:
        near = nearest(credential.scheme, schemes)
        raise CredentialError.of(
            "credential-type-unknown",
            name=credential.name,
            type=credential.scheme,
            near=near[0] if near else None,
            known=None if near else [*schemes],
        )
    return schemes[credential.scheme]


def resolved(credential: Credential, plugins: PluginManager) -> Resolved:
    """Check *credential*, and return it with its auth scheme.

    The result is cached: the same object is returned while *credential* is equal to the previous
    one of its name. Raises `CredentialError`.
    """
    cache: dict[str, tuple[Credential, Resolved]] = plugins.kept("resolved credentials", dict)
    cached = cache.get(credential.name)
    if cached is not None and (cached[0] is credential or cached[0] == credential):
        return cached[1]
    scheme = known_scheme(credential, plugins)
    plain = credential.revealed()
    problems = credential_problems(scheme.schema, plain)
    if problems:
        raise CredentialError.of(
            "credential-fields",
            name=credential.name,
            problems=[problem.to_json() for problem in problems],
            type=credential.scheme,
            known=[*scheme.schema.get("properties", ())],
        )
    typed = replace(credential, fields=with_secrets(scheme.schema, plain))
    if len(cache) >= _MOST_KEPT:
        cache.clear()
    adds_same_header = scheme.adds_same_header(typed)
    statuses = scheme.challenge_statuses(typed)
    result = Resolved(typed, scheme, typed.secrets(), adds_same_header, statuses)
    cache[credential.name] = credential, result
    return result


_MOST_KEPT = 1024
