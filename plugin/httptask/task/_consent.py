"""A person's consent to a credential, outside of any task: ask for it; read or remove its token."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from httptask._core.discretion import DiscreetErrors
from httptask.credentials import blamed, resolve
from httptask.errors import CredentialError
from httptask.model.exchange import OutgoingRequest
from httptask.task._credentials import drop_token, flow_of, held_token, token_key

if TYPE_CHECKING:
    from httptask.credentials.oauth2 import AuthorizationConsent, DeviceConsent
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import Token
    from httptask.task._runtime import Runtime


async def ask_consent(
    runtime: Runtime,
    name: str,
    redirect_uri: str = "",
    *,
    endpoint: Endpoint | None = None,
) -> AuthorizationConsent | DeviceConsent:
    """Ask a person for consent to the credential *name*.

    The credential's grant decides how: `authorizationCode` asks in a browser that is redirected to
    *redirect_uri*, `deviceCode` on another device. Relative URLs of the credential are resolved
    against *endpoint*. Raises `CredentialError` if the credential's scheme needs no consent, or its
    server refuses.
    """
    discreet = partial(DiscreetErrors, runtime.redactor.text)
    with discreet():
        credential = await resolve(name, runtime.plugins)
        flow = flow_of(runtime, credential, endpoint)
        ask = None if flow is None else flow.known.method("ask")
        if flow is None or ask is None:
            raise CredentialError.of("credential-asks-nobody", name=name, type=credential.scheme)
        with blamed(name, "", runtime.redactor):
            consent: AuthorizationConsent | DeviceConsent = await ask(
                flow.credential,
                flow.context(OutgoingRequest("GET", "")),
                redirect_uri,
            )
    if hasattr(consent, "guard"):  # the consent object of a plugin may have none
        consent.guard = discreet
    return consent


async def stored_token(
    runtime: Runtime,
    name: str,
    *,
    endpoint: Endpoint | None = None,
) -> Token | None:
    """Return the stored token of the credential *name*, fresh or not; nothing is sent."""
    with DiscreetErrors(runtime.redactor.text):
        return await held_token(runtime, await resolve(name, runtime.plugins), endpoint)


async def forget_token(
    runtime: Runtime,
    name: str,
    *,
    endpoint: Endpoint | None = None,
) -> None:
    """Remove the stored token of the credential *name*, without telling its server."""
    with DiscreetErrors(runtime.redactor.text):
        credential = await resolve(name, runtime.plugins)
        await drop_token(runtime, token_key(runtime, credential, endpoint))
