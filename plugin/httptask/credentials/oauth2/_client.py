"""The client of one credential: what it sends to the token endpoint."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

from httptask._http.syntax import origin, split_url
from httptask.credentials.oauth2._answer import token_of
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._grants import GRANTS, Form, Grant, refreshing
from httptask.errors import CredentialError
from httptask.model.authorisation import AuthResponse, Token
from httptask.model.credential import Credential, revealed
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask.protocols import AuthContext

_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class TokenRequest:
    """A token request while it is made."""

    url: str
    form: Form
    headers: dict[str, str] = field(default_factory=dict)

    def outgoing(self) -> OutgoingRequest:
        """Return it as it is sent."""
        body = urlencode([*_pairs(self.form)]).encode()
        headers = {"Content-Type": _FORM, "Accept": "application/json", **self.headers}
        return OutgoingRequest("POST", self.url, list(headers.items()), body)


def _pairs(form: Form) -> list[tuple[str, str]]:
    """Return the fields of *form*; a list is its field several times (RFC 8707, section 2)."""
    pairs = []
    for name, value in form.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(each)) for each in values]
    return pairs


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Client:
    """The client that *credential* describes, while a request is authorised in *context*."""

    def __init__(self, credential: Credential, context: AuthContext) -> None:
        self.credential = credential
        self.context = context
        self._fields = credential.fields

    def text(self, name: str) -> str:
        """Return the field *name*, secret or not; "" without one."""
        return str(revealed(self._fields.get(name, "")))

    def value(self, name: str, otherwise: Any = None) -> Any:
        """Return the field *name* as JSON, secrets in clear."""
        return revealed(self._fields.get(name, otherwise))

    @property
    def grant(self) -> Grant:
        """How it gets a token."""
        return GRANTS[self.text("grant")]

    @property
    def authentication(self) -> str:
        """How it says who it is: a key of `AUTHENTICATIONS`."""
        return self.text("clientAuthentication") or (
            "basic" if "clientSecret" in self._fields else "none"
        )

    @property
    def token_at(self) -> Mapping[str, str]:
        """Where in an answer things stand."""
        found: Mapping[str, str] = self._fields.get("tokenAt", {})
        return found

    @property
    def has_prefix(self) -> bool:
        """Whether the credential says itself how the token is sent."""
        return "prefix" in self._fields.get("sendAs", {})

    @property
    def expires_in_default(self) -> float | None:
        """The life of a token whose server does not say it."""
        return self._fields.get("expiresInDefault")

    def identity(self) -> dict[str, Any]:
        """Return what makes the token another one; no secret stands in it."""
        names = ("grant", "issuer", "clientId", "username", "audience", "resource", "scopes")
        identity = {name: self._fields.get(name) for name in names}
        identity["tokenUrl"] = self.token_url()  # a relative one is several servers'
        secrets = [self.value("refreshToken", ""), self.value("extra", {}).get("token", "")]
        return identity | {"more": hashlib.sha256(repr(secrets).encode()).hexdigest()}

    def scope(self) -> Form:
        """Return the field `scope`, or nothing."""
        scopes = self._fields.get("scopes", ())
        return {"scope": self._fields.get("scopeSeparator", " ").join(scopes)} if scopes else {}

    def failed(self, response: AuthResponse, advice: str, error: str = "") -> CredentialError:
        """Return the error of a token request that gave no token."""
        what = f"no token ({error})" if error else "no token"
        return self.context.failure(response, f"{what} from {_origin_of(response.url)}", advice)

    async def obtain(self, stored: Token | None) -> Token:
        """Return a new token, by the refresh token of *stored* where it has one."""
        grant = self.grant
        refresh_token = stored.refresh_token if stored is not None and grant.refreshes else None
        if refresh_token:
            try:
                return await self.request(refreshing(self, refresh_token), "refresh")
            except CredentialError as error:
                if error.retryable or not grant.begins_again:
                    raise
        form = grant.begin(self)
        fields = await form if inspect.isawaitable(form) else form
        is_refresh = fields.get("grant_type") == "refresh_token"
        return await self.request(fields, "refresh" if is_refresh else "token")

    async def request(self, form: Form, extra: str) -> Token:
        """Send a token request with *form* and the fields of the credential's `extra` of that name,
        and return the token.
        """
        more = self.value("extra", {})
        targets = {"audience": self.text("audience"), "resource": self.value("resource", [])}
        fields = {**form, **{name: value for name, value in targets.items() if value}}
        headers = {name: _text(value) for name, value in more.get("headers", {}).items()}
        request = TokenRequest(self.token_url(), {**fields, **more.get(extra, {})}, headers)
        applied = AUTHENTICATIONS[self.authentication].apply(request, self)
        if applied is not None:
            await applied
        return await token_of(await self.context.send(request.outgoing()), self)

    def token_url(self) -> str:
        """Return the token endpoint. Raises `ValueError` when nobody can say where it is."""
        return self.resolved(self.text("tokenUrl"), "tokenUrl")

    def resolved(self, url: str, name: str) -> str:
        """Return *url*, the credential's field *name*; relative, it is of the endpoint's server.

        A description must not lead the credential away: its server is one of the credential's
        origins, where that has any.
        """
        if split_url(url).scheme in ("http", "https"):
            return url
        origins = self.credential.origins
        if len(origins) == 1:
            return urljoin(origins[0], url)
        endpoint = self.context.endpoint
        server = endpoint.servers[0].address if endpoint is not None and endpoint.servers else ""
        target = urljoin(server.rstrip("/") + "/", url)
        if split_url(target).scheme not in ("http", "https") or "{" in target:
            raise ValueError(
                f"{name} is relative, and no server of the endpoint says to what; write the whole"
                " URL"
            )
        if origins and origin(target) not in {origin(each) for each in origins}:
            raise ValueError(f"{name} leads to {origin(target)}, which is none of its origins")
        return target


def _origin_of(url: str) -> str:
    try:
        return origin(url)
    except ValueError:
        return "the token endpoint"
