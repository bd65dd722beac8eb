"""A person's consent on another device: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from httptask._http.syntax import split_url
from httptask.credentials.oauth2._answer import answer_of, error_of, seconds_of, token_of
from httptask.errors import CredentialError
from httptask.model.credential import Secret

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client
    from httptask.model.authorisation import AuthResponse, Token

_INTERVAL_SECONDS = 5.0
"""The default interval between polls (RFC 8628, section 3.2)."""
_LONGEST_SECONDS = 3600.0
_SLOWER_SECONDS = 5.0
"""What `slow_down` adds to the interval (RFC 8628, section 3.5)."""


@dataclass(slots=True, repr=False)
class DeviceConsent:
    """A consent that a person gives on another device.

    The person opens `verification_uri` there and enters `user_code`; `finish` waits for that.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    """The URL with the code in it, for a link or a QR code."""
    expires_in: float
    """The seconds that the person may take."""
    interval: float
    """The seconds to wait before each `poll`. It grows when the server asks for that or fails."""
    _client: Client = field(repr=False)
    _device_code: Secret = field(repr=False)
    _end: float = field(repr=False)
    guard: Callable[[], AbstractContextManager[None]] = field(
        default=nullcontext,
        init=False,
        repr=False,
    )
    """Returns a context manager for requests, which keeps secrets out of errors."""

    async def finish(self) -> Token:
        """Wait for the person's consent, store the token, and return it.

        Raises `CredentialError` if consent was refused, or not given in time.
        """
        while True:
            await asyncio.sleep(min(self.interval, max(0.0, self._seconds_left())))
            token = await self.poll()
            if token is not None:
                return token

    async def poll(self) -> Token | None:
        """Ask the server once. Store and return the token; None while the person has not decided.

        Raises `CredentialError` if consent was refused, or the time is over.
        """
        with self.guard(), self._client.connecting():
            return await self._asked()

    async def _asked(self) -> Token | None:
        """Send one token request, and react to the answer as RFC 8628, section 3.5, says."""
        if self._seconds_left() <= 0:
            raise self._expired()
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": self._device_code.reveal(),
        }
        try:
            response = await self._client.send(form, "token")
        except CredentialError as error:
            if not error.retryable:
                raise
            self.interval *= 2  # RFC 8628, section 3.5
            return None
        error_code = error_of(response)
        if error_code == "authorization_pending":
            return None
        if error_code == "slow_down":
            self.interval += _SLOWER_SECONDS
            return None
        if error_code == "access_denied":
            raise self._client.refused("credential-consent-refused", error=error_code)
        if error_code == "expired_token":
            raise self._expired()
        if response.status == 429 or response.status >= 500:
            self.interval *= 2
            return None
        return await self._client.keep(await token_of(response, self._client))

    def _seconds_left(self) -> float:
        return self._end - self._client.context.clock.monotonic()

    def _expired(self) -> CredentialError:
        return self._client.refused("credential-user-code-late", seconds=self.expires_in)

    def __repr__(self) -> str:
        return f"<DeviceConsent {self._client.credential.name!r}>"


async def ask_on_device(client: Client) -> DeviceConsent:
    """Ask the server for a user code. Raises `CredentialError` and `ValueError`."""
    await client.url("tokenUrl")  # report a problem with it before a person is asked
    response = await client.send(client.scope(), "token", "deviceAuthorizationUrl")
    if not 200 <= response.status < 300:
        raise await _refusal(response, client)
    answer = answer_of(response)
    device_code = _text(answer, "device_code")
    user_code = _text(answer, "user_code")
    # An older draft has verification_url, which Google still uses.
    uri = _address(answer, "verification_uri") or _address(answer, "verification_url")
    if not device_code or not user_code or not uri:
        raise client.failed(response, "credential-user-code-absent")
    client.context.mask(device_code)
    expires_in = _seconds(answer.get("expires_in"), 600.0)
    return DeviceConsent(
        user_code,
        uri,
        _address(answer, "verification_uri_complete") or None,
        expires_in,
        _seconds(answer.get("interval"), _INTERVAL_SECONDS),
        client,
        Secret(device_code),
        client.context.clock.monotonic() + expires_in,
    )


async def _refusal(response: AuthResponse, client: Client) -> CredentialError:
    """Return the error for *response*, which refused to give a user code."""
    try:
        await token_of(response, client)
    except CredentialError as error:
        return error
    return client.failed(response, "credential-user-code-refused")


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, Mapping) else None
    return value if isinstance(value, str) else ""


def _address(answer: Any, name: str) -> str:
    """Return the URL *name* in *answer*; "" if it is not http or https.

    A browser must not open another URL, such as a script or a file.
    """
    url = _text(answer, name)
    try:
        return url if split_url(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _seconds(value: Any, otherwise: float) -> float:
    """Return *value* in seconds, at most an hour; *otherwise* if it is not a positive number."""
    return min(seconds_of(value, otherwise) or otherwise, _LONGEST_SECONDS)
