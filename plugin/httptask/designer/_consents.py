"""*Connect*: ask for a person's consent in the page, and receive the browser's redirect."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from httptask.credentials.oauth2 import AuthorizationConsent, DeviceConsent
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._problems import Refused
from httptask.errors import HttpTaskError
from httptask.task import ask_consent, token_json

if TYPE_CHECKING:
    from httptask.designer._credentials import Credentials
    from httptask.model.authorisation import Token
    from httptask.task import Runtime

CALLBACK = "/oauth/callback"
"""The only route of the page without its token: an authorization server sends the browser there."""
_MOST = 50
"""Consents that are kept; older ones are forgotten."""


@dataclass(slots=True)
class _RequestedConsent:
    """A consent that was requested."""

    consent: AuthorizationConsent | DeviceConsent
    browser: str
    """The value of the cookie that identifies the requesting browser."""
    state: str = "waiting"
    message: str = ""
    token: dict[str, Any] | None = None
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the state of the consent, with its message or token."""
        more = {"message": self.message, "token": self.token}
        return {"state": self.state, **{name: value for name, value in more.items() if value}}


class Consents:
    """The handlers, and the requested consents by id."""

    def __init__(self, runtime: Runtime, credentials: Credentials) -> None:
        self._runtime = runtime
        self._credentials = credentials
        self._asked: dict[str, _RequestedConsent] = {}

    async def ask(self, request: Request) -> Response:
        """Request consent, and answer with the address where a person gives it."""
        value = await json_object(request)
        name = member(value, "name", str)
        endpoint = await self._credentials.endpoint(value.get("endpoint"))
        redirect = _own_origin(request) + request.scope.get("root_path", "") + CALLBACK
        try:
            consent = await ask_consent(self._runtime, name, redirect, endpoint=endpoint)
        except ValueError as error:
            raise Refused("credential", str(error)) from error
        consent_id = secrets.token_urlsafe(12)
        browser = secrets.token_urlsafe(24)
        requested = self._asked[consent_id] = _RequestedConsent(consent, browser)
        while len(self._asked) > _MOST:
            self._drop(next(iter(self._asked)))
        if isinstance(consent, DeviceConsent):
            requested.waiting = asyncio.create_task(self._wait(requested, consent))
            complete = consent.verification_uri_complete
            instructions = {
                "userCode": consent.user_code,
                "url": complete or consent.verification_uri,
                "verificationUri": consent.verification_uri,
            }
        else:
            instructions = {"url": consent.url, "redirectUri": redirect}
        answer = as_json(
            {
                "id": consent_id,
                "expiresIn": consent.expires_in,
                **instructions,
            },
            201,
        )
        if isinstance(consent, AuthorizationConsent):
            # Lax: the redirect from the authorization server counts as a link from another site.
            answer.set_cookie(
                _cookie(consent_id),
                browser,
                max_age=int(consent.expires_in),
                path=request.scope.get("root_path", "") + CALLBACK,
                httponly=True,
                samesite="lax",
                secure=redirect.startswith("https:"),
            )
        return answer

    async def look(self, request: Request) -> Response:
        """Answer with the state of a consent."""
        return as_json(self._one(request).to_json())

    async def cancel(self, request: Request) -> Response:
        """Forget a consent."""
        self._one(request)
        self._drop(request.path_params["id"])
        return Response(status_code=204)

    async def callback(self, request: Request) -> Response:
        """Receive the browser's redirect from the authorization server."""
        state = request.query_params.get("state", "")
        for consent_id, requested in self._asked.items():
            consent = requested.consent
            if isinstance(consent, DeviceConsent) or requested.state != "waiting":
                continue
            cookie = request.cookies.get(_cookie(consent_id), "")
            is_ours = hmac.compare_digest(cookie.encode(), requested.browser.encode())
            if is_ours and hmac.compare_digest(state.encode(), consent.state.encode()):
                break
        else:
            return PlainTextResponse("This is not the answer that is waited for.", 400)
        requested.state = "finishing"  # single-use, whether it succeeds or not
        query = request.url.query
        await self._end(requested, consent.finish(f"{consent.redirect_uri}?{query}"))
        if requested.state != "connected":
            return PlainTextResponse(f"Not connected: {requested.message}", 400)
        answer = PlainTextResponse("Connected. You can close this window.")
        answer.delete_cookie(
            _cookie(consent_id), path=request.scope.get("root_path", "") + CALLBACK
        )
        return answer

    def close(self) -> None:
        """Forget all consents."""
        for consent_id in list(self._asked):
            self._drop(consent_id)

    async def _wait(self, requested: _RequestedConsent, consent: DeviceConsent) -> None:
        await self._end(requested, consent.finish())

    async def _end(self, requested: _RequestedConsent, finish: Any) -> None:
        try:
            token: Token = await finish
        except HttpTaskError as error:
            requested.state, requested.message = "failed", self._runtime.redactor.text(str(error))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the page asks for the outcome
            requested.state, requested.message = "failed", self._runtime.redactor.text(str(error))
        else:
            requested.state, requested.token = (
                "connected",
                token_json(token, self._runtime.clock.wall()),
            )

    def _one(self, request: Request) -> _RequestedConsent:
        requested = self._asked.get(request.path_params["id"])
        if requested is None:
            raise Refused("not-found", "nobody is asked for this consent any more; connect again")
        return requested

    def _drop(self, consent_id: str) -> None:
        requested = self._asked.pop(consent_id)
        if requested.waiting is not None:
            requested.waiting.cancel()


def _cookie(consent_id: str) -> str:
    return f"httptask-consent-{consent_id}"


def _own_origin(request: Request) -> str:
    """Return the origin of the page.

    Raises `Refused` if a page of another origin sent the request.
    """
    host = request.headers["host"].lower()
    sent = request.headers.get("origin", "").lower()
    if not sent:
        return f"{request.url.scheme}://{host}"
    if urlsplit(sent).netloc != host:
        raise Refused(
            "not-allowed",
            "a credential is connected in the designer's own page, or with httptask credentials"
            " connect: the browser has to come back to it",
        )
    return sent
