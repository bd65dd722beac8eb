"""The built-in credential stores and auth schemes, registered through the hooks for plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.model.credential import Credential
    from httptask.protocols import AuthFlow, AuthScheme, TokenStore


@hookimpl
def httptask_auth_schemes() -> Sequence[AuthScheme | AuthFlow]:
    """Return the schemes in `credentials/schemes`, and `oauth2`."""
    from httptask.credentials.oauth2 import OAuth2
    from httptask.credentials.schemes import shipped

    return (*shipped(), OAuth2())


@hookimpl(trylast=True)
def httptask_token_store() -> TokenStore | None:
    """Store tokens in the operator's file, if there is one."""
    from httptask.credentials._token_stores import named_file

    return named_file()


@hookimpl(trylast=True)
def httptask_credential(name: str) -> Credential | None:
    """Look in the environment, then in the credentials file, then in the system's keyring."""
    from httptask.credentials._keyring import from_keyring
    from httptask.credentials._stores import from_environment, from_file

    return from_environment(name) or from_file(name) or from_keyring(name)
