"""Credentials: looked up by name in stores, and used by auth schemes to authorise requests."""

from httptask.credentials._at_hand import CredentialsAtHand
from httptask.credentials._challenges import challenges_of
from httptask.credentials._fit import fitting_problems, named_credentials
from httptask.credentials._flow import (
    Context,
    Flow,
    NotSentError,
    Surroundings,
    blamed,
    identity_of,
)
from httptask.credentials._kept_header import KeptHeader, kept_header
from httptask.credentials._keyring import has_keyring
from httptask.credentials._known import KnownScheme, has_own_stores_alone, known_schemes
from httptask.credentials._resolve import (
    Resolved,
    authorise,
    known_scheme,
    resolve,
    resolve_known,
    resolved,
)
from httptask.credentials._schema import (
    credential_problems,
    missing_fields,
    with_kept_secrets,
    without_secrets,
)
from httptask.credentials._several import Flows
from httptask.credentials._shelf import (
    SHELVES,
    Listed,
    Shelf,
    listed_credentials,
    moved,
    shelf_of,
    writable_shelf,
)
from httptask.credentials._stores import (
    PREFIX,
    credential_document,
    credential_of,
    credentials_file,
    from_environment,
    from_file,
    variable,
)
from httptask.credentials._token_stores import (
    TOKENS_VARIABLE,
    FileTokens,
    MemoryTokens,
    tokens_file,
)
from httptask.credentials._tokens import TokenKeeper, key_of

__all__ = [
    "PREFIX",
    "SHELVES",
    "TOKENS_VARIABLE",
    "Context",
    "CredentialsAtHand",
    "FileTokens",
    "Flow",
    "Flows",
    "KeptHeader",
    "KnownScheme",
    "Listed",
    "MemoryTokens",
    "NotSentError",
    "Resolved",
    "Shelf",
    "Surroundings",
    "TokenKeeper",
    "authorise",
    "blamed",
    "challenges_of",
    "credential_document",
    "credential_of",
    "credential_problems",
    "credentials_file",
    "fitting_problems",
    "from_environment",
    "from_file",
    "has_keyring",
    "has_own_stores_alone",
    "identity_of",
    "kept_header",
    "key_of",
    "known_scheme",
    "known_schemes",
    "listed_credentials",
    "missing_fields",
    "moved",
    "named_credentials",
    "resolve",
    "resolve_known",
    "resolved",
    "shelf_of",
    "tokens_file",
    "variable",
    "with_kept_secrets",
    "without_secrets",
    "writable_shelf",
]
