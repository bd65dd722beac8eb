"""What an auth scheme must look like, and what it is given to work with."""

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

    A scheme may have these methods, too:

    - `authorise(request, credential, context)`, in the place of the one below: see `AuthFlow`.
    - `challenged(response, credential, context)`: whether *response*, an `AuthResponse` to the
      request it authorised, asks for other authorisation; it may return an awaitable. Asked at most
      once an attempt, when the credential's own origin has answered 401 (or what `challenges`
      says). True: `authorise` is called again, with the same context, and the request is sent
      again. No retry is used up. It is not asked when the request's body cannot be sent again.
    - `challenges(response, credential, context)`: whether `challenged` is asked about *response*,
      where it is not 401 alone; it may return an awaitable.
    - `responded(response, credential, context)`: told of each response of the credential's own
      origin, before it is asked about it: a server may say there what the next request needs.
    - `tls_identity(credential)`: the `TlsIdentity` to make connections with, or None. The token
      requests that `context.send` sends are made with it, too.
    - `identity(credential, context)`: what its token is kept by, as `Tokens.get` takes it.
      Lists then say whether a token is held, and when it expires; it is removed with its
      credential. Raises `ValueError` where only a task can say it.
    - `credential_schema` (a field, no method): the JSON Schema of a credential without its `type`
      and `origins`, where texts alone do not do; what is secret says `writeOnly: true`. `fields`
      may be empty then.
    - `signs` (a field, no method): True where what it adds holds for one URL alone, as a signature
      does. After a redirect within the origin `authorise` is called for the next request, too.
    - `ask(credential, context, redirect_uri)`: ask a person for consent, outside of any task; it
      returns an awaitable of an object with `finish`, as those of `httptask.credentials.oauth2`.
    - `identity(credential, context)`: what its token is stored under, to show or to remove it.
    - `fits(security_scheme)`: whether a credential of it satisfies a security scheme of a
      description (OpenAPI: Security Scheme Object). Validation warns of one that does not fit.
    """

    @property
    def name(self) -> str:
        """Return the scheme's name, a credential's `type`: `bearer`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """Return the fields a credential of this scheme has, name -> `secret`, `text` or `optional
        text`.
        """
        ...

    def authorise(self, request: OutgoingRequest, credential: Credential) -> Awaitable[None] | None:
        """Change *request* in place so that it is authorised by *credential*; may return an
        awaitable.

        Raises `ValueError` with a sentence (no secret in it) when the credential's fields do not
        do.
        """
        ...


@runtime_checkable
class AuthFlow(Protocol):
    """An auth scheme that needs more than the request: to ask a server for a token, say.

    It may have what `AuthScheme` may. Its third parameter is called `context`.
    """

    @property
    def name(self) -> str:
        """Return the scheme's name, a credential's `type`: `oauth2`."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """Return the fields a credential has: see `AuthScheme`."""
        ...

    def authorise(
        self, request: OutgoingRequest, credential: Credential, context: AuthContext
    ) -> Awaitable[None] | None:
        """Change *request* in place, as `AuthScheme` does; *context* is what it may use for that.

        A scheme never opens a connection of its own: `context.send` is guarded, and shown.
        """
        ...


class AuthContext(Protocol):
    """What an auth scheme may use while it authorises one attempt. It is the same in `authorise`,
    `challenges` and `challenged`.
    """

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint of the catalogue that the request is for; None for a free-form request."""
        ...

    @property
    def clock(self) -> Clock:
        """The time: `clock.wall()` and `clock.monotonic()`."""
        ...

    @property
    def sends(self) -> bool:
        """Whether `send` can be used. False where a request is only shown: a scheme then puts a
        stand-in where a token would go.
        """
        ...

    async def send(self, request: OutgoingRequest) -> AuthResponse:
        """Send *request*, a token request, and return the response, whatever its status.

        It is sent as the task's own request is: by the same egress rules, within the time that the
        attempt has left, and shown in its exchange (`subExchanges`), secrets masked. Redirects are
        not followed; a body over 1 MB is an error. Raises `CredentialError`, which says whether
        another try may help, when no response came.
        """
        ...

    @property
    def tokens(self) -> Tokens:
        """The tokens of the credential."""
        ...

    @property
    def host(self) -> str:
        """The value of `Host` of the request that is authorised, the port where it is sent."""
        ...

    @property
    def target(self) -> str:
        """The target of the request that is authorised, byte for byte as it goes out: its path, and
        its query after a `?` (RFC 9112, section 3.2.1).
        """
        ...

    async def body_sha256(self) -> str:
        """Return the SHA-256 of the request's body as it goes out, in hexadecimal; files are read
        for it.
        """
        ...

    async def evaluate(self, expression: Any, data: Any) -> Any:
        """Return *expression*, a JSON value, with every `${…}` in it evaluated over *data*."""
        ...

    def mask(self, *secrets: str) -> None:
        """Mask *secrets*, what a server gave or a scheme made, wherever they could be seen."""
        ...

    def failure(self, response: AuthResponse, what: str, advice: str = "") -> CredentialError:
        """Return the error of a token request that was refused: *what* was asked, the status, the
        start of the body with secrets masked, and *advice*, what to do.

        Another try may help after a 429 and a 5xx.
        """
        ...


class Tokens(Protocol):
    """The tokens of one credential: kept in the operator's store, shared by all tasks.

    *identity* is everything that makes a token another one: the token endpoint, the client, the
    scopes. No secret may stand in it in clear.
    """

    async def get(
        self, identity: Mapping[str, Any], obtain: Callable[[Token | None], Awaitable[Token]]
    ) -> Token:
        """Return the token of *identity* that is stored, while it is fresh; else what *obtain*
        gives.

        *obtain* is given the token that is stored, stale, or None, and sends with the context. At
        most one runs at a time for an identity: in this process, and wherever the store is shared.
        It runs on an event loop of its own, so that nothing that happens to this attempt ends it.
        What it gives is stored before this returns. A token is fresh until the smaller of 60
        seconds and a tenth of its life is left, and until it is refused.
        """
        ...

    def refuse(self) -> None:
        """Take what `get` returned last for refused by the server: it is not fresh any more."""
        ...

    async def peek(self, identity: Mapping[str, Any]) -> Token | None:
        """Return the token of *identity* that is stored, fresh or not; nothing is sent."""
        ...

    async def put(self, identity: Mapping[str, Any], token: Token | None) -> None:
        """Store *token*, what a person has consented to, whatever is stored; None removes it."""
        ...


@runtime_checkable
class TokenStore(Protocol):
    """Where tokens are kept. The key of a token is a text that holds no secret; a token is one.

    A store may be asked from several event loops; each method may take a moment, and raises
    `OSError` or `ValueError` with a sentence when it cannot do what it is asked.
    """

    async def get(self, key: str) -> Token | None:
        """Return the token of *key*, or None."""
        ...

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        """Store *token* (None: store nothing) if the token of *key* has the version *before* (None:
        there is none), and say whether it had. It is safe when this returns.
        """
        ...

    async def lease(self, key: str, holder: str, seconds: float) -> bool:
        """Let *holder* alone refresh the token of *key*, for at most *seconds*, and say whether it
        may: False when another does.

        It ends with `release`, after *seconds*, and soon after the holder's process has died.
        """
        ...

    async def release(self, key: str, holder: str) -> None:
        """End the lease of *holder*, if it has one."""
        ...
