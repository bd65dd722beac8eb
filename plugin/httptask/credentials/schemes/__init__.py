"""The built-in auth schemes, except `oauth2`, which has its own folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.credentials.schemes._aws import AwsSigV4
from httptask.credentials.schemes._digest import Digest
from httptask.credentials.schemes._hmac import Hmac
from httptask.credentials.schemes._jwt import Jwt
from httptask.credentials.schemes._simple import ApiKey, Basic, Bearer
from httptask.credentials.schemes._tls import Tls

if TYPE_CHECKING:
    from httptask.protocols import AuthFlow, AuthScheme

__all__ = ["shipped"]


def shipped() -> Sequence[AuthScheme | AuthFlow]:
    """Return new instances of the schemes. Some of them keep state, such as a server's
    challenge.
    """
    return Basic(), Bearer(), ApiKey(), Digest(), AwsSigV4(), Hmac(), Jwt(), Tls()
