"""The interfaces of auth schemes, and of what they work with."""

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

    A scheme may have these optional members, too:

    - `authorise(request, credential, context)`, instead of the one below: see `AuthFlow`.
    - `challenged(response, credential, context)`: whether *response*, an `AuthResponse` to the
      authorised request, demands other authorisation; it may return an awaitable. It is called at
      most once an attempt, for a 401 (or what `challenges` accepts) from the credential's own
      origin. If it returns True, `authorise` is called again, with the same context, and the
      request is sent again, without using up a retry. It is not called when the request's body
      cannot be sent again.
    - `challenges(response, credential, context)`: whether `challenged` is called for *response*,
      if other responses than a 401 count; it may return an awaitable.
    - `challenge_statuses(credential)`: the statuses of the responses that `challenges` can accept,
      or None for any; a response with another status is not looked at.
    - `adds_same_header(credential)`: True if what it adds depends on the credential, on the token
      from `Tokens.get` and on the endpoint alone, whatever else stands in the request. Where that
      is one header, the next attempts of a task get it without a call of `authorise`, as long as
      the store gives the same credential and the token is fresh.
    - `responded(response, credential, context)`: called for each response of the credential's own
      origin, before `challenges`: a server may send there what the next request needs.
    - `tls_identity(credential)`: the `TlsIdentity` for connections, or None. The token requests of
      `context.send` use it, too.
    - `identity(credential, context)`: the identity of its token, as `Tokens.get` takes it. With it,
      lists show whether there is a token, and when it expires, and the token is removed with its
      credential. It raises `ValueError` where only a task determines the identity.
    - `credential_schema` (an attribute): the JSON Schema of a credential without its `type` and
      `origins`, where `fields` is not enough and may be empty; secrets have `writeOnly: true`.
    - `signs` (an attribute): True if what it adds is valid for one URL only, like a signature.
      After a redirect within the origin `authorise` is called for the next request, too.
    - `ask(credential, context, redirect_uri)`: ask a person for consent, outside of any task. It
      returns an awaitable of an object with `finish`, like those of `httptask.credentials.oauth2`.
    - `fits(security_scheme)`: whether its credentials satisfy a security scheme of a description
      (OpenAPI: Security Scheme Object). Validation warns of one that does not fit.
    """

    @property
    def name(self) -> str:
        """The scheme's name, which is a credential's `type`: `bearer`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of its credentials: name -> `secret`, `text` or `optional text`."""
        ...

    def authorise(self, request: OutgoingRequest, credential: Credential) -> Awaitable[None] | None:
        """Authorise *request* with *credential*: change it in place.

        It may return an awaitable. Raises `ValueError` with a sentence, without a secret, when the
        fields of the credential are not usable.
        """
        ...


@runtime_checkable
class AuthFlow(Protocol):
    """An auth scheme that needs more than the request: a token from a server, for example.

    It may have the optional members of `AuthScheme`. Their third parameter is called `context`.
    """

    @property
    def name(self) -> str:
        """The scheme's name, which is a credential's `type`: `oauth2`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of its credentials: see `AuthScheme`."""
        ...

    def authorise(
        self, request: OutgoingRequest, credential: Credential, context: AuthContext
    ) -> Awaitable[None] | None:
        """Authorise *request* in place, as `AuthScheme` does, with the help of *context*.

        A scheme never opens a connection of its own: `context.send` is guarded, and shown.
        """
        ...


class AuthContext(Protocol):
    """The means of an auth scheme while it authorises one attempt.

    It is the same object in `authorise`, `challenges` and `challenged`.
    """

    @property
    def endpoint(self) -> Endpoint | None:
        """The catalogue's endpoint of the request; None for a free-form request."""
        ...

    @property
    def clock(self) -> Clock:
        """The time: `clock.wall()` and `clock.monotonic()`."""
        ...

    @property
    def sends(self) -> bool:
        """Whether `send` can be used.

        False where a request is only shown: a scheme then uses a placeholder instead of a token.
        """
        ...

    async def send(self, request: OutgoingRequest) -> AuthResponse:
        """Send the token request *request*, and return the response, whatever its status.

        It is sent like the task's own request: by the same egress rules, within the time that the
        attempt has left, and shown in its exchange (`subExchanges`), secrets masked. Redirects are
        not followed; a body over 1 MB is an error. Raises `CredentialError`, which says whether
        another try may help, when there is no response.
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
        """The target of the request, byte for byte as it is sent.

        It is the path, and the query after a `?` (RFC 9112, section 3.2.1).
        """
        ...

    async def body_sha256(self) -> str:
        """Return the SHA-256 of the request's body as it is sent, in hexadecimal.

        Files are read for it.
        """
        ...

    async def evaluate(self, expression: Any, data: Any) -> Any:
        """Return *expression*, a JSON value, with every `${…}` in it evaluated over *data*."""
        ...

    def mask(self, *secrets: str) -> None:
        """Mask *secrets* from a server or from the scheme wherever they could be seen."""
        ...

    def failure(self, response: AuthResponse, what: str, advice: str = "") -> CredentialError:
        """Return the error for a refused token request.

        It has *what* was requested, the status, the start of the body with secrets masked, and
        *advice*, what to do. Another try may help after a 429 and a 5xx.
        """
        ...


class Tokens(Protocol):
    """The tokens of one credential, kept in the operator's store and shared by all tasks.

    *identity* is everything that distinguishes a token: the token endpoint, the client, the scopes.
    It must not contain a secret in clear text.
    """

    async def get(
        self, identity: Mapping[str, Any], obtain: Callable[[Token | None], Awaitable[Token]]
    ) -> Token:
        """Return the stored token of *identity* while it is fresh, else the result of *obtain*.

        *obtain* takes the stored, stale token, or None, and sends with the context. At most one
        runs at a time for an identity: in this process, and wherever the store is shared. It runs
        on an event loop of its own, so that nothing that happens to this attempt ends it. Its
        result is stored before this returns. A token is fresh until the smaller of 60 seconds and a
        tenth of its life is left, and until it is refused.
        """
        ...

    def refuse(self) -> None:
        """Mark the last token from `get` as refused by the server: it is not fresh any more."""
        ...

    async def peek(self, identity: Mapping[str, Any]) -> Token | None:
        """Return the stored token of *identity*, fresh or not; nothing is sent."""
        ...

    async def put(self, identity: Mapping[str, Any], token: Token | None) -> None:
        """Store *token*, to which a person has consented, whatever is stored; None removes it."""
        ...


@runtime_checkable
class TokenStore(Protocol):
    """A store of tokens.

    The key of a token is a text without secrets; a token is a secret. A store may be called from
    several event loops. Each method may take a moment, and raises `OSError` or `ValueError` with a
    sentence when it fails.
    """

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*, or None."""
        ...

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* if the present version of *key* is *before*, and say whether it was.

        *before* None: there is no token yet; *token* None: remove the token. The change is safe
        when this returns.
        """
        ...

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Let only *holder* refresh the token of *key*, for at most *seconds*.

        Return False when another holder has the lease. A lease ends with `release`, after
        *seconds*, and soon after the holder's process has died.
        """
        ...

    async def release(self, key: str, holder: str) -> None:
        """End the lease of *holder*, if it has one."""
        ...
