"""Credentials by name: found in a store, used by an auth scheme, resolved as late as possible."""

from httptask.credentials._fit import fitting_problems, named_credentials
from httptask.credentials._flow import (
    Context,
    Flow,
    NotSentError,
    Surroundings,
    blamed,
    identity_of,
)
from httptask.credentials._resolve import authorise, known_scheme, resolve
from httptask.credentials._several import Flows
from httptask.credentials._stores import PREFIX, credentials_file, from_environment, from_file
from httptask.credentials._token_stores import TOKENS_VARIABLE, FileTokens, MemoryTokens
from httptask.credentials._tokens import TokenKeeper, key_of

__all__ = [
    "PREFIX",
    "TOKENS_VARIABLE",
    "Context",
    "FileTokens",
    "Flow",
    "Flows",
    "MemoryTokens",
    "NotSentError",
    "Surroundings",
    "TokenKeeper",
    "authorise",
    "blamed",
    "credentials_file",
    "fitting_problems",
    "from_environment",
    "from_file",
    "identity_of",
    "key_of",
    "known_scheme",
    "named_credentials",
    "resolve",
]
