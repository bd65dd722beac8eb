"""A credential's name -> an authorised request."""

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
    """A credential as its store gave it, and what is known of it as long as the store gives the
    same.
    """

    credential: Credential
    """Its fields typed by its auth scheme."""
    known: KnownScheme
    """Its auth scheme."""
    secrets: tuple[str, ...] = field(repr=False)
    """The values to mask."""
    adds_same_header: bool
    """Whether what it adds to a request depends on its token and the endpoint alone."""
    challenge_statuses: Collection[int] | None
    """The statuses of the responses that its auth scheme has to see; None: it sees each."""


async def resolve(name: str, plugins: PluginManager) -> Credential:
    """Return the credential *name*, as `resolve_known` does."""
    return (await resolve_known(name, plugins)).credential


async def resolve_known(name: str, plugins: PluginManager) -> Resolved:
    """Return the credential *name* from the first store that has it, with its auth scheme.

    Stores are asked every time, so that a changed secret counts at once; they run in a worker
    thread. Raises `CredentialError` when none has it, a store fails, or it
    does not fit its scheme.
    """
    try:
        # The environment is at hand: a thread for each attempt would cost more than the request.
        credential = from_environment(name) if has_own_stores_alone(plugins) else None
        if credential is None:
            credential = await in_thread(lambda: plugins.hook.httptask_credential(name=name))
    except TaskError:
        raise
    except Exception as error:
        raise CredentialError.because(
            error, "credential-store-failed", "storeMessage", name=name
        ) from error
    if credential is not None and not isinstance(credential, Credential):
        raise CredentialError.of(
            "credential-store-type", name=name, found=type(credential).__name__
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
    """Authorise *request*, which is for *endpoint*, in place by *credential*, whose scheme is
    *known*.

    An API key that does not say itself where it goes, goes where the endpoint's security schemes
    say. What the scheme made of the secret is one too: *redactor* learns it. Raises
    `CredentialError` when the credential is bound to other origins, or its fields do not do.
    """
    lines, body = list(request.headers), request.body
    try:
        target, allowed_origins = origin(request.url), credential.origins
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
        # A streamed body has its length in a header already.
        if request.body is not body and value_of(lines, "Content-Length") is not None:
            request.set_header("Content-Length", str(len(request.body)))
    except TaskError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a scheme raises; its text is masked where the secrets are known
        raise CredentialError.because(
            error, "credential-scheme", "schemeMessage", name=credential.name
        ) from None  # the cause may quote a secret


def _check_header(name: str, value: str) -> None:
    """Refuse a header that HTTP cannot carry (RFC 9110, section 5.5). The value is not shown: a
    secret is in it.
    """
    if not TOKEN.fullmatch(name) or name.lower() in FRAMING:
        raise CodedError("credential-header", header=name)
    if UNSENDABLE.search(value) or value != value.strip(" \t"):
        raise CodedError("credential-header-value", header=name)


def known_scheme(credential: Credential, plugins: PluginManager) -> KnownScheme:
    """Return the scheme of *credential*. Raises `CredentialError` with the nearest name."""
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
    """Return *credential* and what is known of it: the same as before while *credential* equals the
    one before. Raises `CredentialError`.
    """
    kept: dict[str, tuple[Credential, Resolved]] = plugins.kept("resolved credentials", dict)
    pair = kept.get(credential.name)
    if pair is not None and (pair[0] is credential or pair[0] == credential):
        return pair[1]
    known = known_scheme(credential, plugins)
    plain = credential.revealed()
    problems = credential_problems(known.schema, plain)
    if problems:
        raise CredentialError.of(
            "credential-fields",
            name=credential.name,
            problems=[problem.to_json() for problem in problems],
            type=credential.scheme,
            known=[*known.schema.get("properties", ())],
        )
    typed = replace(credential, fields=with_secrets(known.schema, plain))
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    same, statuses = known.adds_same_header(typed), known.challenge_statuses(typed)
    made = Resolved(typed, known, typed.secrets(), same, statuses)
    kept[credential.name] = credential, made
    return made


_MOST_KEPT = 1024
