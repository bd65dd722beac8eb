"""Credentials outside of a task: store, remove and test them; find and drop their tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask._core.threads import in_thread
from httptask.credentials import (
    Flow,
    Shelf,
    credential_of,
    key_of,
    resolve,
    resolved,
)
from httptask.errors import CredentialError, SettingsError, TaskError
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending import Send, allowing, token_sender
from httptask.settings import prepare, settings_schema, still_to_fill
from httptask.task._authorising import Lent
from httptask.task._http_task import HttpTask

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import AuthResponse, Token
    from httptask.model.credential import Credential
    from httptask.model.exchange import Exchange
    from httptask.task._runtime import Runtime

_HARMLESS = ("GET", "HEAD", "OPTIONS")
_SECONDS = 30.0
"""The deadline of a test, and of a token request, in seconds."""
_REFUSALS = (401, 403, 407)
"""Statuses by which a server refuses a credential."""


def flow_of(
    runtime: Runtime,
    credential: Credential,
    endpoint: Endpoint | None = None,
) -> Flow | None:
    """Return the flow of *credential*; None if its scheme sends no token requests.

    Raises `CredentialError`.
    """
    resolved_credential = resolved(credential, runtime.plugins)
    for secret in resolved_credential.secrets:
        runtime.redactor.add(secret)
    runtime.limiter.know(credential.name, credential.rate_limit)
    if not resolved_credential.known.is_flow:
        return None
    lend = partial(Lent, runtime, credential.name, endpoint, "", _guarded(runtime))
    return Flow(resolved_credential, "", runtime.redactor, lend)


def _guarded(runtime: Runtime) -> Send:
    """Return a function that sends token requests by the egress rules and limits of *runtime*."""
    timeouts = Timeouts(total=_SECONDS)
    send = token_sender(lambda: runtime.connections, runtime.limiter, timeouts)

    async def guarded(*request: Any) -> AuthResponse:
        with allowing(runtime.allowed):
            return await send(*request)

    return guarded


def stand_in(flow: Flow, endpoint: Endpoint | None = None) -> OutgoingRequest:
    """Return a request that *flow* can authorise, and that is never sent."""
    origins = flow.credential.origins
    servers = endpoint.servers if endpoint is not None else ()
    url = origins[0] if origins else servers[0].address if servers else "https://host.invalid"
    return OutgoingRequest("GET", url.rstrip("/") + "/", [], b"")


def token_key(
    runtime: Runtime,
    credential: Credential,
    endpoint: Endpoint | None = None,
) -> str | None:
    """Return the key of *credential*'s token; None if it has none, or only a task determines it."""
    try:
        flow = flow_of(runtime, credential, endpoint)
    except TaskError:  # reported when the credential is used
        return None
    identity = flow.token_identity(stand_in(flow, endpoint)) if flow is not None else None
    if identity is None:
        return None
    return key_of(credential.name, identity)


async def held_token(
    runtime: Runtime,
    credential: Credential,
    endpoint: Endpoint | None = None,
) -> Token | None:
    """Return the stored token of *credential*, fresh or not; nothing is sent."""
    key = token_key(runtime, credential, endpoint)
    token = None if key is None else await runtime.tokens.peek(key)
    for secret in () if token is None else token.secrets():
        runtime.redactor.add_derived(secret, credential.name)
    return token


async def drop_token(
    runtime: Runtime,
    key: str | None,
    new_key: str | None = None,
) -> None:
    """Remove the token of *key*, unless *new_key* is the same key."""
    if key is not None and key != new_key:
        await runtime.tokens.put(key, None)


async def store_credential(
    runtime: Runtime,
    shelf: Shelf,
    name: str,
    document: Mapping[str, Any],
    *,
    keeps_token: bool = True,
) -> None:
    """Write the credential *name* to *shelf*.

    The token of the former credential is removed if its identity differs, and always if
    *keeps_token* is false. Raises `ValueError` if *document* is not a credential, or cannot be
    written.
    """
    credential = credential_of(name, document, f"credential {name!r}")
    old_key = await _stored_key(runtime, shelf, name)
    await in_thread(lambda: _writer(shelf)(name, document))
    await drop_token(runtime, old_key, token_key(runtime, credential) if keeps_token else None)


async def remove_credential(runtime: Runtime, shelf: Shelf, name: str) -> None:
    """Remove the credential *name* from *shelf*, and its token. Raises `ValueError`."""
    old_key = await _stored_key(runtime, shelf, name)
    await in_thread(lambda: _writer(shelf)(name, None))
    await drop_token(runtime, old_key)


async def _stored_key(runtime: Runtime, shelf: Shelf, name: str) -> str | None:
    try:
        credential = await in_thread(lambda: shelf.find(name))
    except ValueError:  # a broken credential was never used, so it has no token
        return None
    if credential is None:
        return None
    return token_key(runtime, credential)


def _writer(shelf: Shelf) -> Callable[[str, Mapping[str, Any] | None], None]:
    if shelf.store is None:
        raise ValueError(f"the {shelf.name} is not written from here")
    return shelf.store


def token_json(token: Token, now: float) -> dict[str, Any]:
    """Return the public facts about *token*, for lists; *now* is in seconds since the epoch."""
    facts: dict[str, Any] = {"refreshes": token.refresh_token is not None}
    if token.expires_in is not None:
        end = (token.obtained_at or now) + token.expires_in  # `obtained_at` 0: obtained just now
        facts["expiresAt"] = datetime.fromtimestamp(end, UTC).isoformat(timespec="seconds")
        facts["expired"] = end <= now
    if token.scope:
        facts["scopes"] = token.scope.split()
    return facts


@dataclass(frozen=True, slots=True)
class CredentialTest:
    """The result of a credential's test."""

    accepted: bool | None
    """Whether the server accepted the credential; None: the server did not answer."""
    message: str
    token: dict[str, Any] | None = None
    """The facts about the token that is stored after the test: see `token_json`."""
    exchange: Exchange | None = None
    """The exchange of the test; None if only a token was requested."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON, with the exchange's status but without its body."""
        response = self.exchange.response if self.exchange is not None else None
        return {
            "accepted": self.accepted,
            "message": self.message,
            **({"token": self.token} if self.token is not None else {}),
            **({"status": response.status_code} if response is not None else {}),
        }


async def try_credential(
    runtime: Runtime,
    name: str,
    *,
    endpoint: Endpoint | None = None,
    url: str | None = None,
) -> CredentialTest:
    """Test the credential *name* by a harmless request: to *url*, or to *endpoint*.

    Without either, only a token is requested. Raises `CredentialError` if the credential does not
    exist or is broken, and `ValueError` if no harmless request can be made.
    """
    credential = await resolve(name, runtime.plugins)
    flow = flow_of(runtime, credential, endpoint)
    if endpoint is None and url is None:
        if flow is None or flow.token_identity(stand_in(flow)) is None:
            raise ValueError(
                f"credential {name!r} is tested by a request: name a URL, or an endpoint"
            )
        return await _token_test(runtime, flow)
    task = {
        "type": "Http",
        "credentials": name,
        "httpRequest": _harmless_request(endpoint, url),
        "totalTimeoutSeconds": _SECONDS,
    }
    try:
        exchange = await HttpTask(task, name=name, runtime=runtime).atest_request()
    except SettingsError as error:
        raise ValueError("; ".join(problem.message for problem in error.problems)) from error
    except TaskError as error:
        return CredentialTest(False, error.message, exchange=error.exchange)
    token = await held_token(runtime, credential, endpoint)
    facts = None if token is None else token_json(token, runtime.clock.wall())
    return CredentialTest(*_verdict(exchange), facts, exchange)


def _verdict(exchange: Exchange) -> tuple[bool | None, str]:
    """Return whether the server accepted the credential in *exchange*, and a sentence.

    None: the server did not answer.
    """
    response = exchange.response
    if response is None:
        is_refused = exchange.outcome == "credential"
        return False if is_refused else None, exchange.error or exchange.outcome
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code in _REFUSALS:
        return False, f"the server refuses it: {status}"
    if exchange.outcome == "success":
        return True, f"the server accepts it: {status}"
    # A 404 or 422 refuses the request, not the credential; whether it was checked is not known.
    return True, f"the server does not refuse it, and answers {status}"


async def _token_test(runtime: Runtime, flow: Flow) -> CredentialTest:
    """Test a credential by requesting a token."""
    request = stand_in(flow)
    try:
        async with asyncio.timeout(_SECONDS):
            await flow.authorise(request)
    except TimeoutError:
        return CredentialTest(None, f"no token was given within {_SECONDS:g} s")
    except CredentialError as error:
        return CredentialTest(None if error.retryable else False, error.message)
    token = await held_token(runtime, flow.credential)
    facts = None if token is None else token_json(token, runtime.clock.wall())
    return CredentialTest(True, "the server gave a token", facts)


def _harmless_request(endpoint: Endpoint | None, url: str | None) -> dict[str, Any]:
    """Return the settings of a request that changes nothing. Raises `ValueError`."""
    if url is not None or endpoint is None:
        return {"url": url, "method": "GET"}
    if endpoint.method not in _HARMLESS:
        raise ValueError(
            f"{endpoint.id} is a {endpoint.method}, which may change something; name another"
            " endpoint, or a URL"
        )
    schema = settings_schema(endpoint)
    request: dict[str, Any] = prepare(endpoint, schema)["httpRequest"]
    missing = still_to_fill(schema, request, "")
    if missing:
        names = ", ".join(pointer.removeprefix("/") for pointer, _ in missing)
        raise ValueError(f"{endpoint.id} needs settings ({names}); name another, or a URL")
    return {"method": endpoint.method, **request}
