"""The plugin manager: built-ins first, then entry points, then a check that every hook exists."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pluggy

from httptask import hookspecs
from httptask.errors import HttpTaskError, PluginError

PROJECT = hookspecs.PROJECT
"""pluggy's project name and the entry-point group."""

BUILT_INS = (
    "httptask.importers.plugin",
    "httptask.expressions.plugin",
    "httptask.credentials.plugin",
    "httptask.sending.plugin",
    "httptask.task.plugin",
    "httptask.workflow.plugin",
    "httptask.engines.plugin",
)
"""Modules with the shipped hook implementations, in order of registration: the same door as a stranger's.

They are imported by name because they stand on the floors above this one.
"""

NAMED = {
    "httptask_task_types": "task type",
    "httptask_importers": "importer",
    "httptask_expression_languages": "expression language",
    "httptask_auth_schemes": "auth scheme",
    "httptask_engines": "engine",
}
"""Hooks that bring named things -> what such a thing is called."""


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, with named things looked up and clashes refused."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(hookspecs)
        self._named: dict[str, dict[str, Any]] = {}
        self._providers: dict[str, dict[str, str]] = {}

    def named(self, hook: str) -> dict[str, Any]:
        """Return what the plugins bring through *hook* (a key of `NAMED`), by name, in order of registration.

        Raises `PluginError` when two plugins bring things of one name: both are named.
        """
        if hook not in self._named:
            self._named[hook] = self._collect(hook)
        return self._named[hook]

    def provider_of(self, hook: str, name: str) -> str:
        """Return the name of the plugin that brings *name* through *hook*."""
        self.named(hook)
        return self._providers[hook][name]

    @contextmanager
    def blaming(self, hook: str, plugin: str | None = None) -> Iterator[None]:
        """Turn what a plugin raises in *hook* into a `PluginError` that names the *plugin*; our own errors pass."""
        try:
            yield
        except HttpTaskError:
            raise
        except Exception as error:
            raise PluginError(
                f"the plugin {plugin or self._culprit(hook, error)} failed in {hook}: {_said(error)}"
            ) from error

    def _culprit(self, hook: str, error: Exception) -> str:
        # pluggy does not say whose implementation raised; the traceback does.
        codes = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
        for implementation in getattr(self.hook, hook).get_hookimpls():
            function = inspect.unwrap(implementation.function)
            if getattr(function, "__code__", None) in codes:
                return str(implementation.plugin_name)
        return "that implements it"

    def register(self, plugin: Any, name: str | None = None) -> str | None:
        """Register *plugin*; see pluggy."""
        self._named, self._providers = {}, {}
        return super().register(plugin, name)

    def unregister(self, plugin: Any = None, name: str | None = None) -> Any:
        """Unregister *plugin*; see pluggy."""
        self._named, self._providers = {}, {}
        return super().unregister(plugin, name)

    def _brought(self, hook: str) -> Iterable[tuple[str, Any]]:
        for implementation in getattr(self.hook, hook).get_hookimpls():
            with self.blaming(hook, implementation.plugin_name):
                things = list(implementation.function())
            for thing in things:
                yield implementation.plugin_name, thing

    def _collect(self, hook: str) -> dict[str, Any]:
        things: dict[str, Any] = {}
        providers = self._providers[hook] = {}
        for plugin, thing in self._brought(hook):
            if not isinstance(getattr(thing, "name", None), str) or isinstance(thing, type):
                raise PluginError(
                    f"the plugin {plugin} brings a {NAMED[hook]} that is no instance with a name: {thing!r}"
                )
            if thing.name in things:
                raise PluginError(
                    f"two plugins bring the {NAMED[hook]} {thing.name!r}: {providers[thing.name]} and {plugin}; "
                    "uninstall one of them or have it choose another name"
                )
            things[thing.name], providers[thing.name] = thing, plugin
        return things


def plugin_manager(*plugins: Any, entry_points: bool = True) -> PluginManager:
    """Return a new plugin manager with the built-ins, the installed plugins and *plugins*, in that order.

    *entry_points* False leaves the installed ones out. Nothing is global: each call makes a fresh manager.
    Raises `PluginError` for a plugin that cannot be imported, misspells a hook, or clashes with another.
    """
    manager = PluginManager()
    for name in BUILT_INS:
        manager.register(importlib.import_module(name), name=name)
    if entry_points:
        for point in importlib.metadata.entry_points(group=PROJECT):
            try:
                manager.register(point.load(), name=point.name)
            except pluggy.PluginValidationError as error:
                raise PluginError(f"the plugin {point.name} ({point.value}): {error}") from error
            except Exception as error:
                raise PluginError(
                    f"the plugin {point.name} ({point.value}) cannot be loaded: {_said(error)}"
                ) from error
    try:
        for plugin in plugins:
            manager.register(plugin, name=_name_of(plugin, manager))
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{error}; the hooks are listed in httptask.hookspecs") from error
    for hook in NAMED:
        manager.named(hook)
    _refuse_one_prefix_twice(manager)
    return manager


def _refuse_one_prefix_twice(manager: PluginManager) -> None:
    hook = "httptask_expression_languages"
    languages: dict[str, str] = {}
    for name, language in manager.named(hook).items():
        other = languages.setdefault(language.prefix, name)
        if other != name:
            both = " and ".join(f"{each} of {manager.provider_of(hook, each)}" for each in (other, name))
            raise PluginError(f"two expression languages have the prefix {language.prefix!r}: {both}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _name_of(plugin: Any, manager: PluginManager) -> str:
    """Return a name a person recognises, for the list of plugins and for errors; pluggy's own is a number."""
    name = getattr(plugin, "__name__", None) or f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    taken = sum(known.partition(" #")[0] == name for known, _ in manager.list_name_plugin())
    return f"{name} #{taken + 1}" if taken else str(name)
