"""Callbacks: the URLs that waiting tasks give to an API, and the server that receives the calls.

async with receiving("127.0.0.1", 8400) as callbacks:
    await arun_workflow("export.json", callbacks=callbacks)
"""

from httptask.engines.callbacks._callbacks import CALLBACKS, Callbacks, Gate, without_token
from httptask.engines.callbacks._calls import METHODS, MOST_BYTES, SECONDS, joined, response_of
from httptask.engines.callbacks._receiver import receiving
from httptask.engines.callbacks._secret import SECRET_VARIABLE, server_secret

__all__ = [
    "CALLBACKS",
    "METHODS",
    "MOST_BYTES",
    "SECONDS",
    "SECRET_VARIABLE",
    "Callbacks",
    "Gate",
    "joined",
    "receiving",
    "response_of",
    "server_secret",
    "without_token",
]
