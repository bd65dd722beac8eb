"""The OAuth client of one credential: it sends requests to the token endpoint."""

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
"""How long an assertion is valid: long enough for a request, and for clocks that differ."""


@dataclass(slots=True)
class TokenRequest:
    """A token request while it is being built."""

    url: str
    form: Form
    headers: dict[str, str] = field(default_factory=dict)

    def outgoing(self) -> OutgoingRequest:
        """Return the request to send."""
        body = urlencode([*pairs_of(self.form)]).encode()
        headers = {
            "Content-Type": _FORM,
            "Accept": "application/json",
            **self.headers,
        }
        return OutgoingRequest("POST", self.url, list(headers.items()), body)


def pairs_of(form: Form) -> list[tuple[str, str]]:
    """Return the fields of *form*; a list repeats its field (RFC 8707, section 2)."""
    pairs = []
    for name, value in form.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(item)) for item in values]
    return pairs


_URL_SCHEMES = ("http", "https")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


class Client:
    """The client that *credential* describes, for authorising a request in *context*."""

    def __init__(
        self,
        credential: Credential,
        context: AuthContext,
        discovery: Discovery | None = None,
    ) -> None:
        self.credential = credential
        self.context = context
        self.has_signed = False
        """Whether the client has signed an assertion, which contains the time."""
        self._fields = credential.fields
        self._discovery = discovery or Discovery()

    def text(self, name: str) -> str:
        """Return the field *name* as text, secret or not; "" without the field."""
        return str(revealed(self._fields.get(name, "")))

    def value(self, name: str, otherwise: Any = None) -> Any:
        """Return the field *name* as JSON, with its secrets; *otherwise* without the field."""
        return revealed(self._fields.get(name, otherwise))

    @property
    def names(self) -> Collection[str]:
        """The names of the credential's fields."""
        return self._fields.keys()

    @property
    def grant(self) -> Grant:
        """The grant in the credential."""
        return GRANTS[self.text("grant")]

    @property
    def authentication(self) -> str:
        """The method of client authentication: a key of `AUTHENTICATIONS`."""
        return self.text("clientAuthentication") or (
            "basic" if "clientSecret" in self._fields else "none"
        )

    @property
    def token_at(self) -> Mapping[str, str]:
        """The JSONPaths to the values in a token response, from the credential's `tokenAt`."""
        token_at: Mapping[str, str] = self._fields.get("tokenAt", {})
        return token_at

    @property
    def has_prefix(self) -> bool:
        """Whether `sendAs` in the credential has a prefix for the token."""
        return "prefix" in self._fields.get("sendAs", {})

    @property
    def expires_in_default(self) -> float | None:
        """The lifetime of a token, in seconds, if the response does not say it."""
        return self._fields.get("expiresInDefault")

    def identity(self) -> dict[str, Any]:
        """Return the fields that the token depends on. Secret ones are only in a hash."""
        names = ("grant", "issuer", "clientId", "username", "audience", "resource", "scopes")
        identity = {name: self._fields.get(name) for name in names}
        token_url = self.text("tokenUrl")
        # Resolved, because a relative URL leads to different servers for different endpoints.
        identity["tokenUrl"] = self.resolved(token_url, "tokenUrl") if token_url else None
        granted = sorted({"refreshToken", *self.grant.properties} & self._fields.keys())
        hashed_fields = {name: self.value(name) for name in granted}
        hashed_fields["extra"] = self.value("extra", {}).get("token", {})
        identity["more"] = hashlib.sha256(repr(hashed_fields).encode()).hexdigest()
        return identity

    def scope(self) -> Form:
        """Return the form field `scope`, or {} without scopes."""
        scopes = self._fields.get("scopes", ())
        if scopes:
            return {"scope": self._fields.get("scopeSeparator", " ").join(scopes)}
        return {}

    def targets(self) -> Form:
        """Return the form fields that say which servers the token is for (RFC 8707)."""
        targets = {"audience": self.text("audience"), "resource": self.value("resource", [])}
        return {name: value for name, value in targets.items() if value}

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Convert errors while a person connects the credential to `CredentialError`."""
        try:
            yield
        except TaskError:
            raise
        except (OSError, ValueError) as error:
            raise CredentialError.because(
                error,
                "credential-scheme",
                "schemeMessage",
                name=self.credential.name,
            ) from None

    def refused(self, code: str, **params: Any) -> CredentialError:
        """Return the error *code*, for a consent that was not given."""
        return CredentialError.of(code, name=self.credential.name, **params)

    def failed(
        self,
        response: AuthResponse,
        code: str,
        **params: Any,
    ) -> CredentialError:
        """Return the error *code*, for a *response* without a token."""
        server = None
        with contextlib.suppress(ValueError):
            server = origin(response.url)
        return self.failure(response, code, server=server, **params)

    def failure(
        self,
        response: AuthResponse,
        code: str,
        **params: Any,
    ) -> CredentialError:
        """Return the error *code*, for a *response* that refuses a request."""
        error = self.context.failure(response, "")
        error.restate(code, schemeMessage=None, **params)
        return error

    async def obtain(self, stored: Token | None) -> Token:
        """Get a new token, with the refresh token of *stored* if there is one.

        If the server refuses the refresh token, the grant begins again if it can.
        """
        grant = self.grant
        refresh_token = None
        if stored is not None and grant.refreshes:
            refresh_token = stored.refresh_token
        if refresh_token:
            try:
                return await self.request(refreshing(self, refresh_token), "refresh")
            except CredentialError as error:
                # A server that is out of order has not refused the refresh token.
                if error.retryable or not grant.begins_again:
                    raise
        form = grant.begin(self)
        fields = await form if inspect.isawaitable(form) else form
        is_refresh = fields.get("grant_type") == "refresh_token"
        return await self.request(fields, "refresh" if is_refresh else "token")

    async def request(self, form: Form, extra: str) -> Token:
        """Send a token request with *form*, and return the token.

        *extra* names the member of the credential's `extra` whose fields are added.
        """
        return await token_of(await self.send(form, extra), self)

    async def keep(self, token: Token) -> Token:
        """Store *token*, which a person has consented to, and return it."""
        await self.context.tokens.put(self.identity(), token)
        return token

    async def send(
        self,
        form: Form,
        extra: str,
        field: str = "tokenUrl",
    ) -> AuthResponse:
        """Send *form*, with client authentication, to the endpoint in *field*; return the response.

        *extra* names the member of the credential's `extra` whose fields are added.
        """
        extra_fields = self.value("extra", {})
        fields = {**form, **self.targets()}
        extra_headers = extra_fields.get("headers", {})
        headers = {name: _text(value) for name, value in extra_headers.items()}
        request = TokenRequest(
            await self.url(field),
            {**fields, **extra_fields.get(extra, {})},
            headers,
        )
        applied = AUTHENTICATIONS[self.authentication].apply(request, self)
        if applied is not None:
            await applied
        return await self.context.send(request.outgoing())

    def metadata(self) -> Mapping[str, Any]:
        """Return the issuer's metadata if it was fetched before, or {}."""
        return self._discovery.known(self.text("issuer"))

    async def url(self, field: str) -> str:
        """Return the URL in *field*, from the credential, else from its issuer's metadata.

        Raises `ValueError` if neither has it, or it is not encrypted.
        """
        own_url = self.text(field)
        if own_url:
            return self._encrypted(self.resolved(own_url, field), field)
        issuer = self.text("issuer")
        if not issuer:
            raise CodedError("credential-field-missing", field=field, instead="issuer")
        metadata = await self._discovery.ask(self._encrypted(issuer, "issuer"), self)
        member = MEMBERS[field]
        endpoint_url = metadata.get(member)
        aliases = metadata.get("mtls_endpoint_aliases")
        if self.authentication == "tls" and isinstance(aliases, Mapping):
            endpoint_url = aliases.get(member, endpoint_url)  # RFC 8705, section 5
        if not isinstance(endpoint_url, str) or split_url(endpoint_url).scheme not in _URL_SCHEMES:
            raise CodedError(
                "credential-metadata-member",
                issuer=issuer,
                member=member,
                field=field,
            )
        return self._encrypted(endpoint_url, member)

    def _encrypted(self, url: str, name: str) -> str:
        """Return *url*, of the field *name*, if it is https (RFC 6749, sections 3.1.2.1 and 3.2) or
        on this machine.

        Other URLs, in a private network for example, are allowed if their origin is among the
        credential's origins. Raises `ValueError`.
        """
        target = origin(url)
        if split_url(url).scheme == "https" or _is_loopback(split_url(url).hostname or ""):
            return url
        if target in {origin(allowed) for allowed in self.credential.origins}:
            return url
        raise CodedError("credential-url-plain", field=name, found=target)

    async def audience(self) -> str:
        """Return the audience of an assertion (RFC 7523, section 3)."""
        return self.text("assertionAudience") or self.text("issuer") or await self.url("tokenUrl")

    def assertion(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT of *claims* and the time, signed with the credential's key.

        Raises `ValueError` if the key cannot sign.
        """
        now = int(self.context.clock.wall())
        times = {
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        all_claims = {**times, **claims}
        all_claims = {name: value for name, value in all_claims.items() if value is not None}
        key = SigningKey.of(self.value("key", {}), self.text("clientSecret"))
        self.has_signed = True
        return key.signed(all_claims)

    def resolved(self, url: str, name: str) -> str:
        """Return *url*, the credential's field *name*; resolve a relative one.

        A relative URL is relative to the credential's only origin, else to the endpoint's server,
        which must be one of the credential's origins, if it has any: a description must not be able
        to send the credential elsewhere. Raises `ValueError`.
        """
        if split_url(url).scheme in _URL_SCHEMES:
            return url
        origins = self.credential.origins
        if len(origins) == 1:
            return urljoin(origins[0], url)
        endpoint = self.context.endpoint
        server = ""
        if endpoint is not None and endpoint.servers:
            server = endpoint.servers[0].address
        target = urljoin(server.rstrip("/") + "/", url)
        # A brace is a server variable that has no default.
        if split_url(target).scheme not in _URL_SCHEMES or "{" in target:
            raise CodedError("credential-url-relative", field=name)
        if origins and origin(target) not in {origin(allowed) for allowed in origins}:
            raise CodedError("credential-url-outside", field=name, found=origin(target))
        return target


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
