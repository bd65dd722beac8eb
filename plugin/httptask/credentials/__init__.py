"""Credentials by name: found in a store, used by an auth scheme, resolved as late as possible."""

from httptask.credentials._fit import fitting_problems
from httptask.credentials._resolve import authorise, resolve

__all__ = ["authorise", "fitting_problems", "resolve"]
