"""Callbacks: the URLs that waiting tasks give to an API, and the server that receives the calls.

async with receiving("127.0.0.1", 8400) as callbacks:
    await arun_workflow("export.json", callbacks=callbacks)
"""

from httptask.engines.callbacks._callbacks import MOST_NOTES, Callbacks, Gate
from httptask.engines.callbacks._calls import (
    GONE,
    LATER,
    METHODS,
    MOST_BYTES,
    REPEATED,
    SECONDS,
    UNKNOWN,
    joined,
    response_of,
)
from httptask.engines.callbacks._receiver import receiving, serving
from httptask.engines.callbacks._secret import SECRET_VARIABLE, server_secret, shared_secret
from httptask.engines.callbacks._tokens import CALLBACKS, Secret, SignedUrls, Visit, without_token

__all__ = [
    "CALLBACKS",
    "GONE",
    "LATER",
    "METHODS",
    "MOST_BYTES",
    "MOST_NOTES",
    "REPEATED",
    "SECONDS",
    "SECRET_VARIABLE",
    "UNKNOWN",
    "Callbacks",
    "Gate",
    "Secret",
    "SignedUrls",
    "Visit",
    "joined",
    "receiving",
    "response_of",
    "server_secret",
    "serving",
    "shared_secret",
    "without_token",
]
