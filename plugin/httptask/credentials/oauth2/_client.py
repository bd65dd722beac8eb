"""The client of one credential: what it sends to the token endpoint."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import ipaddress
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

from httptask._http.syntax import origin, split_url
from httptask.credentials._jwt import SigningKey
from httptask.credentials.oauth2._answer import token_of
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._discovery import MEMBERS, Discovery
from httptask.credentials.oauth2._grants import GRANTS, Form, Grant, refreshing
from httptask.errors import CodedError, CredentialError, TaskError
from httptask.model.authorisation import AuthResponse, Token
from httptask.model.credential import Credential, revealed
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask.protocols import AuthContext

_FORM = "application/x-www-form-urlencoded"
_ASSERTION_SECONDS = 300
"""How long an assertion is valid: no longer than a request takes, with clocks that differ."""


@dataclass(slots=True)
class TokenRequest:
    """A token request while it is made."""

    url: str
    form: Form
    headers: dict[str, str] = field(default_factory=dict)

    def outgoing(self) -> OutgoingRequest:
        """Return it as it is sent."""
        body = urlencode([*pairs_of(self.form)]).encode()
        headers = {"Content-Type": _FORM, "Accept": "application/json", **self.headers}
        return OutgoingRequest("POST", self.url, list(headers.items()), body)


def pairs_of(form: Form) -> list[tuple[str, str]]:
    """Return the fields of *form*; a list is its field several times (RFC 8707, section 2)."""
    pairs = []
    for name, value in form.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(item)) for item in values]
    return pairs


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Client:
    """The client that *credential* describes, while a request is authorised in *context*."""

    def __init__(
        self, credential: Credential, context: AuthContext, discovery: Discovery | None = None
    ) -> None:
        self.credential = credential
        self.context = context
        self.has_signed = False
        """Whether it has signed an assertion, which holds the time."""
        self._fields = credential.fields
        self._discovery = discovery or Discovery()

    def text(self, name: str) -> str:
        """Return the field *name*, secret or not; "" without one."""
        return str(revealed(self._fields.get(name, "")))

    def value(self, name: str, otherwise: Any = None) -> Any:
        """Return the field *name* as JSON, secrets in clear."""
        return revealed(self._fields.get(name, otherwise))

    @property
    def names(self) -> Collection[str]:
        """The names of the credential's fields."""
        return self._fields.keys()

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
        token_at: Mapping[str, str] = self._fields.get("tokenAt", {})
        return token_at

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
        token_url = self.text("tokenUrl")
        # A relative one is several servers'.
        identity["tokenUrl"] = self.resolved(token_url, "tokenUrl") if token_url else None
        granted = sorted({"refreshToken", *self.grant.properties} & self._fields.keys())
        more = {name: self.value(name) for name in granted}
        more["extra"] = self.value("extra", {}).get("token", {})
        return identity | {"more": hashlib.sha256(repr(more).encode()).hexdigest()}

    def scope(self) -> Form:
        """Return the field `scope`, or nothing."""
        scopes = self._fields.get("scopes", ())
        return {"scope": self._fields.get("scopeSeparator", " ").join(scopes)} if scopes else {}

    def targets(self) -> Form:
        """Return the fields that say whom the token is for (RFC 8707)."""
        targets = {"audience": self.text("audience"), "resource": self.value("resource", [])}
        return {name: value for name, value in targets.items() if value}

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Turn what goes wrong while a person connects into a `CredentialError`."""
        try:
            yield
        except TaskError:
            raise
        except (OSError, ValueError) as error:
            raise CredentialError.because(
                error, "credential-scheme", "schemeMessage", name=self.credential.name
            ) from None

    def refused(self, code: str, **params: Any) -> CredentialError:
        """Return the error *code*, that of a consent that was not given."""
        return CredentialError.of(code, name=self.credential.name, **params)

    def failed(self, response: AuthResponse, code: str, **params: Any) -> CredentialError:
        """Return the error *code*: *response* gives no token."""
        server = None
        with contextlib.suppress(ValueError):
            server = origin(response.url)
        return self.failure(response, code, server=server, **params)

    def failure(self, response: AuthResponse, code: str, **params: Any) -> CredentialError:
        """Return the error *code* of a request that *response* refuses."""
        error = self.context.failure(response, "")
        error.restate(code, schemeMessage=None, **params)
        return error

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
        return await token_of(await self.send(form, extra), self)

    async def keep(self, token: Token) -> Token:
        """Store *token*, what a person has consented to, and return it."""
        await self.context.tokens.put(self.identity(), token)
        return token

    async def send(self, form: Form, extra: str, field: str = "tokenUrl") -> AuthResponse:
        """Send *form* and the fields of the credential's `extra` of that name to the endpoint in
        *field*, as the client, and return the response.
        """
        more = self.value("extra", {})
        fields = {**form, **self.targets()}
        headers = {name: _text(value) for name, value in more.get("headers", {}).items()}
        request = TokenRequest(await self.url(field), {**fields, **more.get(extra, {})}, headers)
        applied = AUTHENTICATIONS[self.authentication].apply(request, self)
        if applied is not None:
            await applied
        return await self.context.send(request.outgoing())

    def metadata(self) -> Mapping[str, Any]:
        """Return what is known of the issuer without asking it."""
        return self._discovery.known(self.text("issuer"))

    async def url(self, field: str) -> str:
        """Return the endpoint in *field*: the credential's own, or what its issuer says. Raises
        `ValueError` when nobody can say where it is.
        """
        if written := self.text(field):
            return self._encrypted(self.resolved(written, field), field)
        issuer = self.text("issuer")
        if not issuer:
            raise CodedError("credential-field-missing", field=field, instead="issuer")
        metadata = await self._discovery.ask(self._encrypted(issuer, "issuer"), self)
        member = MEMBERS[field]
        named = metadata.get(member)
        aliases = metadata.get("mtls_endpoint_aliases")
        if self.authentication == "tls" and isinstance(aliases, Mapping):
            named = aliases.get(member, named)  # RFC 8705, section 5
        if not isinstance(named, str) or split_url(named).scheme not in ("http", "https"):
            raise CodedError(
                "credential-metadata-member", issuer=issuer, member=member, field=field
            )
        return self._encrypted(named, member)

    def _encrypted(self, url: str, name: str) -> str:
        """Return *url*, of the field *name*, if what is sent there is encrypted on its way (RFC
        6749, sections 3.1.2.1 and 3.2), or stays on this machine.

        Within a network of one's own it need not be: then the credential's origins say so.
        """
        target = origin(url)
        if split_url(url).scheme == "https" or _is_loopback(split_url(url).hostname or ""):
            return url
        if target in {origin(allowed) for allowed in self.credential.origins}:
            return url
        raise CodedError("credential-url-plain", field=name, found=target)

    async def audience(self) -> str:
        """Return whom an assertion is for (RFC 7523, section 3)."""
        return self.text("assertionAudience") or self.text("issuer") or await self.url("tokenUrl")

    def assertion(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT of *claims* and the time, signed with the credential's key. Raises
        `ValueError` for a key that cannot sign.
        """
        now = int(self.context.clock.wall())
        times = {"iat": now, "exp": now + _ASSERTION_SECONDS, "jti": secrets.token_urlsafe(16)}
        named = {name: value for name, value in {**times, **claims}.items() if value is not None}
        key = SigningKey.of(self.value("key", {}), self.text("clientSecret"))
        self.has_signed = True
        return key.signed(named)

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
            raise CodedError("credential-url-relative", field=name)
        if origins and origin(target) not in {origin(allowed) for allowed in origins}:
            raise CodedError("credential-url-outside", field=name, found=origin(target))
        return target


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
