"""The shipped stores and auth schemes, through the same hooks as anyone's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.model.credential import Credential
    from httptask.protocols import AuthFlow, AuthScheme, TokenStore


@hookimpl
def httptask_auth_schemes() -> Sequence[AuthScheme | AuthFlow]:
    """Bring those of `credentials/schemes`, and `oauth2`."""
    from httptask.credentials.oauth2 import OAuth2
    from httptask.credentials.schemes import shipped

    return (*shipped(), OAuth2())


@hookimpl(trylast=True)
def httptask_token_store() -> TokenStore | None:
    """Keep tokens in the file that the operator names."""
    from httptask.credentials._token_stores import named_file

    return named_file()


@hookimpl(trylast=True)
def httptask_credential(name: str) -> Credential | None:
    """Look in the environment, in the credentials file, and in the system's keyring."""
    from httptask.credentials._keyring import from_keyring
    from httptask.credentials._stores import from_environment, from_file

    return from_environment(name) or from_file(name) or from_keyring(name)
