"""A person's consent to a credential, outside of any task: asked for, stored, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httptask.credentials import (
    Context,
    blamed,
    identity_of,
    known_scheme,
    resolve,
)
from httptask.errors import CredentialError
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending import Send, allowing, token_sender
from httptask.task._authorising import surroundings

if TYPE_CHECKING:
    from httptask.credentials.oauth2 import AuthorizationConsent, DeviceConsent
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import AuthResponse, Token
    from httptask.model.credential import Credential
    from httptask.task._runtime import Runtime

_TIMEOUTS = Timeouts(total=30)


async def ask_consent(
    runtime: Runtime, name: str, redirect_uri: str = "", *, endpoint: Endpoint | None = None
) -> AuthorizationConsent | DeviceConsent:
    """Ask for a person's consent to the credential *name*.

    Its grant says which question it is: `authorizationCode` asks in a browser that comes back to
    *redirect_uri*, `deviceCode` on another device. Relative URLs of the credential are those of
    *endpoint*. Raises `CredentialError` where the credential asks nobody, and where its server
    refuses.
    """
    scheme, credential, context = await _connecting(runtime, name, endpoint)
    if not hasattr(scheme, "ask"):
        raise CredentialError(
            f"credential {name!r}: its type, {credential.scheme!r}, asks nobody for consent"
        )
    with blamed(name, "", runtime.redactor):
        consent: AuthorizationConsent | DeviceConsent = await scheme.ask(
            credential, context, redirect_uri
        )
    return consent


async def stored_token(
    runtime: Runtime, name: str, *, endpoint: Endpoint | None = None
) -> Token | None:
    """Return the token that is stored for the credential *name*, fresh or not; nothing is sent."""
    scheme, credential, context = await _connecting(runtime, name, endpoint)
    if not hasattr(scheme, "identity"):
        return None
    with blamed(name, "", runtime.redactor):
        return await context.tokens.peek(scheme.identity(credential, context))


async def forget_token(runtime: Runtime, name: str, *, endpoint: Endpoint | None = None) -> None:
    """Remove the token that is stored for the credential *name*. Its server is not told."""
    scheme, credential, context = await _connecting(runtime, name, endpoint)
    if hasattr(scheme, "identity"):
        with blamed(name, "", runtime.redactor):
            await context.tokens.put(scheme.identity(credential, context), None)


def _guarded(runtime: Runtime) -> Send:
    """Return what sends token requests by the egress rules of *runtime*."""
    send = token_sender(lambda: runtime.connections, _TIMEOUTS)

    async def guarded(*request: Any) -> AuthResponse:
        with allowing(runtime.allowed):
            return await send(*request)

    return guarded


async def _connecting(
    runtime: Runtime, name: str, endpoint: Endpoint | None
) -> tuple[Any, Credential, Context]:
    """Return the scheme of the credential *name*, the credential, and what the scheme may use."""
    credential = await resolve(name, runtime.plugins)
    for secret in credential.secrets():
        runtime.redactor.add(secret)
    known = known_scheme(credential, runtime.plugins)
    lent = surroundings(runtime, name, endpoint, "", _guarded(runtime))
    with blamed(name, "", runtime.redactor):
        identity = identity_of(credential, known)
    return known.scheme, credential, Context(OutgoingRequest("GET", ""), credential, identity, lent)
