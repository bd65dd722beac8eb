"""The interfaces of auth schemes, and of the context, tokens and token store they use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from httptask.errors import CredentialError
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import AuthResponse, Clock, Token
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest


@runtime_checkable
class AuthScheme(Protocol):
    """A way to authorise a request.

    A scheme may also have these optional members:

    - `authorise(request, credential, context)`, instead of `authorise` with two arguments: see
      `AuthFlow`.
    - `challenged(response, credential, context)`: whether *response*, an `AuthResponse` to the
      authorised request, demands other authorisation; it may return an awaitable. It is called at
      most once an attempt, for a 401 (or what `challenges` accepts) from the credential's own
      origin. If it returns True, `authorise` is called again, with the same context, and the
      request is sent again, without using up a retry. It is not called when the request's body
      cannot be sent again.
    - `challenges(response, credential, context)`: whether *response* is a challenge, so that
      `challenged` is called for it. Needed only if other statuses than 401 are challenges; it may
      return an awaitable.
    - `challenge_statuses(credential)`: the statuses that `challenges` can accept, or None for any;
      `challenges` is not called for a response with another status.
    - `adds_same_header(credential)`: True if the added header depends only on the credential, the
      token from `Tokens.get` and the endpoint, not on the rest of the request. If the scheme adds
      one header, the next attempts of a task get it without a call of `authorise`, as long as the
      store gives the same credential and the token is fresh.
    - `responded(response, credential, context)`: called for each response of the credential's own
      origin, before `challenges`, for servers that send there what the next request needs.
    - `tls_identity(credential)`: the `TlsIdentity` for connections, or None. The token requests of
      `context.send` use the identity, too.
    - `identity(credential, context)`: the identity of the credential's token, as `Tokens.get` takes
      it. Lists can then show whether there is a token and when it expires, and the token is removed
      with its credential. It raises `ValueError` where only a task determines the identity.
    - `credential_schema` (an attribute): the JSON Schema of a credential without its `type` and
      `origins`, where `fields` is not enough and may be empty; secrets have `writeOnly: true`.
    - `signs` (an attribute): True if the authorisation is valid for one URL only, like a signature.
      After a redirect within the origin, `authorise` is then called for the next request, too.
    - `ask(credential, context, redirect_uri)`: ask a person for consent, outside of any task. It
      returns an awaitable of an object with `finish`, like the consents of
      `httptask.credentials.oauth2`.
    - `fits(security_scheme)`: whether its credentials satisfy a security scheme of a description
      (OpenAPI: Security Scheme Object). Validation warns of one that does not fit.
    """

    @property
    def name(self) -> str:
        """The scheme's name, used as the `type` of its credentials: `bearer`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of its credentials: name -> `secret`, `text` or `optional text`."""
        ...

    def authorise(self, request: OutgoingRequest, credential: Credential) -> Awaitable[None] | None:
        """Authorise *request* with *credential*: change it in place.

        It may return an awaitable. Raises `ValueError` when the fields of the credential are not
        usable; the message must not contain a secret.
        """
        ...


@runtime_checkable
class AuthFlow(Protocol):
    """An auth scheme that needs more than the request: a token from a server, for example.

    It may have the optional members of `AuthScheme`. Their third parameter is called `context`.
    """

    @property
    def name(self) -> str:
        """The scheme's name, used as the `type` of its credentials: `oauth2`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of its credentials: see `AuthScheme`."""
        ...

    def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> Awaitable[None] | None:
        """Authorise *request* in place, as `AuthScheme.authorise` does, with the help of *context*.

        A scheme opens no connections: only requests by `context.send` pass the egress rules and are
        shown in the exchange.
        """
        ...


class AuthContext(Protocol):
    """The context of an auth scheme while it authorises one attempt.

    `authorise`, `challenges` and `challenged` get the same object.
    """

    @property
    def endpoint(self) -> Endpoint | None:
        """The catalogue's endpoint of the request; None for a free-form request."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock: `clock.wall()` and `clock.monotonic()`."""
        ...

    @property
    def sends(self) -> bool:
        """Whether `send` can be used.

        False where a request is only shown: a scheme then uses a placeholder instead of a token.
        """
        ...

    async def send(self, request: OutgoingRequest) -> AuthResponse:
        """Send the token request *request* and return the response, whatever its status.

        The egress rules and the remaining time of the attempt apply, as for the task's own request,
        and the attempt's exchange shows the token request (`subExchanges`), secrets masked.
        Redirects are not followed; a body over 1 MB is an error. Raises `CredentialError`, which
        says whether another try may help, when there is no response.
        """
        ...

    @property
    def tokens(self) -> Tokens:
        """The tokens of the credential."""
        ...

    @property
    def host(self) -> str:
        """The value of `Host` in the request, with the port where it is sent."""
        ...

    @property
    def target(self) -> str:
        """The request target, byte for byte as it is sent: path and query in origin form (RFC 9112,
        section 3.2.1).
        """
        ...

    async def body_sha256(self) -> str:
        """Return the SHA-256 of the request's body as it is sent, in hexadecimal.

        Files of the body are read to compute it.
        """
        ...

    async def evaluate(self, expression: Any, data: Any) -> Any:
        """Return *expression*, a JSON value, with every `${…}` in it evaluated over *data*."""
        ...

    def mask(self, *secrets: str) -> None:
        """Mask *secrets* in every log, error and exchange from now on."""
        ...

    def failure(
        self,
        response: AuthResponse,
        what: str,
        advice: str = "",
    ) -> CredentialError:
        """Return the error for a refused token request.

        Its message names *what* was requested, the status, the start of the body with secrets
        masked, and *advice*: what the user can do. Another try may help after a 429 and a 5xx.
        """
        ...


class Tokens(Protocol):
    """The tokens of one credential, kept in the operator's store and shared by all tasks.

    An *identity* holds everything that distinguishes one token from another: the token endpoint,
    the client, the scopes. It must not contain a secret in clear text.
    """

    async def get(
        self,
        identity: Mapping[str, Any],
        obtain: Callable[[Token | None], Awaitable[Token]],
    ) -> Token:
        """Return the stored token of *identity* while it is fresh, else the result of *obtain*.

        *obtain* takes the stored, stale token, or None, and requests a new token with the context.
        At most one *obtain* runs at a time for an identity, in this process and in all processes
        that share the store. It runs on a separate event loop, so that the end of this attempt does
        not cancel it. Its result is stored before `get` returns. A token stays fresh until it is
        refused, or until its remaining life is below 60 seconds or a tenth of its whole life,
        whichever is shorter.
        """
        ...

    def refuse(self) -> None:
        """Mark the last token from `get` as refused by the server, so that it is stale."""
        ...

    async def peek(self, identity: Mapping[str, Any]) -> Token | None:
        """Return the stored token of *identity*, fresh or not; nothing is sent."""
        ...

    async def put(self, identity: Mapping[str, Any], token: Token | None) -> None:
        """Store *token* unconditionally, after a person has consented; None removes the token."""
        ...


@runtime_checkable
class TokenStore(Protocol):
    """A store of tokens.

    The key of a token is a text without secrets; the token is secret. A store may be called from
    several event loops. Each method may wait, for a lock or a server, and raises `OSError` or
    `ValueError` when it fails.
    """

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*, or None."""
        ...

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* if the current version of *key* is *before*; return whether it was stored.

        *before* None: there is no token yet; *token* None: remove the token. The change is durable
        when `swap` returns.
        """
        ...

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Give *holder* the lease of *key*: for at most *seconds*, only it refreshes the token.

        Return False when another holder has the lease. A lease ends with `release`, after
        *seconds*, or soon after the holder's process has died.
        """
        ...

    async def release(self, key: str, holder: str) -> None:
        """End the lease of *holder* on *key*, if it has the lease."""
        ...
