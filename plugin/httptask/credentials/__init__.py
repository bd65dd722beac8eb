"""Credentials by name: found in a store, used by an auth scheme, resolved as late as possible."""

from httptask.credentials._fit import fitting_problems
from httptask.credentials._flow import Flow, NotSentError, Surroundings, blamed
from httptask.credentials._resolve import authorise, known_scheme, resolve
from httptask.credentials._stores import PREFIX, credentials_file, from_environment, from_file

__all__ = [
    "PREFIX",
    "Flow",
    "NotSentError",
    "Surroundings",
    "authorise",
    "blamed",
    "credentials_file",
    "fitting_problems",
    "from_environment",
    "from_file",
    "known_scheme",
    "resolve",
]
