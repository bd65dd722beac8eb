"""The plugin manager: built-ins first, then installed plugins, without the broken ones."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from httptask import hookspecs
from httptask._core.environment import flag
from httptask.errors import HttpTaskError, PluginError

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange

T = TypeVar("T")

PROJECT = hookspecs.PROJECT
"""pluggy's project name and the entry-point group."""

STRICT_VARIABLE = "HTTPTASK_STRICT_PLUGINS"
"""The environment variable that, if not empty, makes a broken installed plugin an error."""

_log = logging.getLogger(__name__)

BUILT_INS = (
    "httptask.importers.plugin",
    "httptask.expressions.plugin",
    "httptask.credentials.plugin",
    "httptask.sending.plugin",
    "httptask.task.plugin",
    "httptask.workflow.plugin",
    "httptask.engines.plugin",
)
"""Modules with the shipped hook implementations, in order of registration.

They are registered like any other plugin. They are named as strings because this module may not
import the layers above it.
"""

OBSERVER = "httptask_exchange_finished"
"""The hook of observers. They cannot change the outcome: their exceptions are only logged."""

NAMED = {
    "httptask_task_types": "task type",
    "httptask_importers": "importer",
    "httptask_expression_languages": "expression language",
    "httptask_auth_schemes": "auth scheme",
    "httptask_engines": "engine",
}
"""Hooks that return named objects -> the noun for such an object, for errors."""


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, with a lookup of objects by name that refuses clashes."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(hookspecs)
        self.strict = True
        """Whether a broken plugin raises. If False, `leave_out_culprit` unregisters the plugin."""
        self.left_out: dict[str, str] = {}
        """The broken installed plugins: name -> why the plugin was left out."""
        self.installed: set[str] = set()
        """The names of the plugins that were found through entry points."""
        self._named: dict[str, dict[str, Any]] = {}
        self._providers: dict[str, dict[str, str]] = {}
        self._bringers: dict[int, str] = {}
        self._kept: dict[str, Any] = {}
        self._implemented: dict[str, bool] = {}
        self.version = 0
        """Counts up each time a plugin is registered or unregistered."""

    def named(self, hook: str) -> dict[str, Any]:
        """Return the objects that plugins bring through *hook* (a key of `NAMED`), by name.

        They are in order of registration. Raises `PluginError` when two plugins bring objects with
        the same name.
        """
        if hook not in self._named:
            self._named[hook] = self._collect(hook)
        return self._named[hook]

    def kept(self, key: str, make: Callable[[], T]) -> T:
        """Return the result of *make*, cached under the name *key* until the plugins change."""
        if key not in self._kept:
            self._kept[key] = make()
        value: T = self._kept[key]
        return value

    def provider_of(self, hook: str, name: str) -> str:
        """Return the name of the plugin that brings the object *name* through *hook*."""
        self.named(hook)
        return self._providers[hook][name]

    @contextmanager
    def blaming(self, hook: str) -> Iterator[None]:
        """Turn an exception in *hook* into a `PluginError` that names the plugin.

        An `HttpTaskError` passes unchanged.
        """
        try:
            yield
        except HttpTaskError:
            raise
        except Exception as error:
            raise _failed(self._culprit(hook, error), hook, error) from error

    def _culprit(self, hook: str, error: Exception) -> str | None:
        """Return the name of the plugin in which *error* was raised; None if unknown."""
        # pluggy does not say whose implementation or wrapper raised; the traceback does.
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        codes = [frame.f_code for frame in frames]
        # A wrapper that yields twice, or never, has no frame in the traceback; pluggy's frame holds
        # the wrapper's generator as a local.
        codes += [
            wrapper.gi_code
            for frame in frames
            if inspect.isgenerator(wrapper := frame.f_locals.get("wrap_controller"))
        ]
        raisers = {
            codes.index(code): implementation.plugin_name
            for implementation in getattr(self.hook, hook).get_hookimpls()
            if (code := _code_of(implementation.function)) in codes
        }
        # A wrapper that lets an exception through is in the traceback as well, further out: the
        # innermost frame is the one that raised.
        return str(raisers[max(raisers)]) if raisers else None

    def register(self, plugin: Any, name: str | None = None) -> str | None:
        """Register *plugin*; see pluggy."""
        self._changed()
        registered = super().register(plugin, name)
        for caller in self.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin and not _is_wrapper(implementation):
                    # pluggy offers no hook around a single implementation, but its call loop reads
                    # `function` at each call.
                    guarded = self._guarded(caller.name, implementation)
                    implementation.function = guarded  # type: ignore[misc]
        return registered

    def unregister(self, plugin: Any = None, name: str | None = None) -> Any:
        """Unregister *plugin*; see pluggy."""
        self._changed()
        return super().unregister(plugin, name)

    def _changed(self) -> None:
        self._named, self._providers, self._kept, self._implemented = {}, {}, {}, {}
        self.version += 1

    def _guarded(self, hook: str, implementation: Any) -> Callable[..., Any]:
        """Return the function that replaces *implementation*'s own in pluggy's call loop.

        The loop alone does not tell which plugin an answer is from, and stops at the first plugin
        that fails.
        """
        if hook in NAMED:
            return self._remembering(hook, implementation)
        if hook == OBSERVER:
            return _observing(implementation)
        return _staying(hook, implementation)

    def _remembering(self, hook: str, implementation: Any) -> Callable[..., Any]:
        """Wrap the function of *implementation*: record which plugin brings each object."""
        function = implementation.function

        @functools.wraps(function)
        def bring(*arguments: Any) -> list[Any]:
            try:
                things = list(function(*arguments))
            except HttpTaskError:
                raise
            except (Exception, SystemExit) as error:
                raise _failed(implementation.plugin_name, hook, error) from error
            self._bringers.update((id(thing), implementation.plugin_name) for thing in things)
            return things

        return bring

    def _brought(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Yield plugin name and object for each answer of *hook*, in order of registration."""
        self._bringers = {}
        caller = getattr(self.hook, hook)
        wrappers = [
            implementation.plugin_name
            for implementation in caller.get_hookimpls()
            if _is_wrapper(implementation)
        ]
        wrapper_names = " or ".join(wrappers)
        with self.blaming(hook):
            answers = caller()
        try:
            objects = [item for answer in reversed(answers) for item in answer]
        except TypeError as error:
            # `bring` makes each implementation's answer a list, so only a wrapper can have changed
            # it into something else.
            raise PluginError(
                f"the wrapper of {wrapper_names} turned the answer of {hook} into {answers!r};"
                " expected a list of lists",
                wrappers[-1] if wrappers else None,
            ) from error
        for item in objects:
            yield self._bringers.get(id(item)) or wrapper_names, item

    def _collect(self, hook: str) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        providers = self._providers[hook] = {}
        for plugin, item in self._brought(hook):
            if not isinstance(getattr(item, "name", None), str) or isinstance(item, type):
                raise PluginError(
                    f"what the plugin {plugin} brings as {NAMED[hook]} is no instance with a name:"
                    f" {item!r}",
                    plugin,
                )
            if item.name in objects:
                raise PluginError(
                    f"two plugins bring the {NAMED[hook]} {item.name!r}: {providers[item.name]}"
                    f" and {plugin}; uninstall one of them or have it choose another name",
                    plugin,
                )
            objects[item.name] = item
            providers[item.name] = plugin
        return objects

    def implements(self, hook: str) -> bool:
        """Say whether a plugin implements *hook*."""
        # Cached: this is asked in every call of a task.
        if hook not in self._implemented:
            self._implemented[hook] = bool(getattr(self.hook, hook).get_hookimpls())
        return self._implemented[hook]

    @property
    def has_observers(self) -> bool:
        """Whether a plugin implements `httptask_exchange_finished`."""
        return self.implements(OBSERVER)

    def tell_observers(self, exchange: Exchange, task: object) -> None:
        """Call `httptask_exchange_finished`.

        An exception of a plugin is logged, and the others are still called.
        """
        if not self.has_observers:
            return
        try:
            with self.blaming(OBSERVER):
                self.hook.httptask_exchange_finished(exchange=exchange, task=task)
        except PluginError as error:  # a wrapper's: implementations fail alone
            _log_failure(error)

    def check(self) -> None:
        """Call every hook that brings named objects.

        Raises `PluginError`, with the name of the plugin, for the first fault.
        """
        try:
            self.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(
                f"{error}; the hooks are listed in httptask.hookspecs", self.get_name(error.plugin)
            ) from error
        for hook in NAMED:
            self.named(hook)
        _refuse_one_prefix_twice(self)

    def leave_out(self, name: str, reason: str) -> None:
        """Unregister the installed plugin *name*; log *reason* and keep it in `left_out`."""
        self.left_out[name] = reason
        if self.has_plugin(name):
            self.unregister(name=name)
        _log.warning("the plugin %s is left out: %s", name, reason)

    def leave_out_culprit(self, error: PluginError) -> None:
        """Leave out the installed plugin that *error* names; raise *error* if it names none.

        With `strict`, always raise *error*.
        """
        if self.strict or error.plugin not in self.installed or error.plugin in self.left_out:
            raise error
        self.leave_out(error.plugin, str(error))


def plugin_manager(
    *plugins: Any, entry_points: bool = True, strict: bool | None = None
) -> PluginManager:
    """Return a new plugin manager with the built-ins, the installed plugins and *plugins*.

    They are registered in this order; with *entry_points* False, without the installed plugins.
    Nothing is global: each call makes a fresh manager. An installed plugin that cannot be imported,
    misspells a hook, fails or clashes with another is left out with a warning in the log, and
    listed in the manager's `left_out`. With *strict*, such a plugin raises `PluginError`; *strict*
    None: the operator's `HTTPTASK_STRICT_PLUGINS` decides. A fault of one of *plugins* always
    raises, and so does a variable that is neither 1 nor 0.
    """
    manager = PluginManager()
    manager.strict = _is_strict() if strict is None else strict
    for name in BUILT_INS:
        manager.register(importlib.import_module(name), name=name)
    for point in importlib.metadata.entry_points(group=PROJECT) if entry_points else ():
        _load(manager, point)
    _check_installed(manager)
    try:
        for plugin in plugins:
            manager.register(plugin, name=_name_of(plugin, manager))
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{error}; the hooks are listed in httptask.hookspecs") from error
    manager.check()
    return manager


def _is_strict() -> bool:
    try:
        return flag(STRICT_VARIABLE)
    except ValueError as error:
        raise PluginError(str(error)) from error


def _load(manager: PluginManager, point: importlib.metadata.EntryPoint) -> None:
    """Register the plugin of the entry point *point*, or leave it out."""
    manager.installed.add(point.name)
    try:
        manager.register(point.load(), name=point.name)
    except (Exception, SystemExit) as error:  # a module may call `sys.exit`, like a script
        is_of_pluggy = isinstance(error, pluggy.PluginValidationError)
        reason = str(error) if is_of_pluggy else f"cannot be loaded: {_described(error)}"
        message = f"the plugin {point.name} ({point.value}): {reason}"
        if manager.strict:
            raise PluginError(message, point.name) from error
        manager.leave_out(point.name, f"{point.value}: {reason}")


def _check_installed(manager: PluginManager) -> None:
    """Leave out the broken installed plugins, one after the other.

    After each, everything is checked again: without it, another may no longer clash.
    """
    while True:
        try:
            manager.check()
        except PluginError as error:
            manager.leave_out_culprit(error)
        else:
            return


def _refuse_one_prefix_twice(manager: PluginManager) -> None:
    """Raise `PluginError` if two expression languages have the same prefix."""
    hook = "httptask_expression_languages"
    languages: dict[str, str] = {}
    for name, language in manager.named(hook).items():
        other = languages.setdefault(language.prefix, name)
        if other != name:
            plugin = manager.provider_of(hook, name)
            raise PluginError(
                f"two expression languages have the prefix {language.prefix!r}:"
                f" {other} of {manager.provider_of(hook, other)} and {name} of {plugin}",
                plugin,
            )


def _is_wrapper(implementation: Any) -> bool:
    return bool(implementation.wrapper or implementation.hookwrapper)


def _observing(implementation: Any) -> Callable[..., None]:
    """Wrap an observer's function: log its exceptions, so that the next observer is called."""
    function = implementation.function

    @functools.wraps(function)
    def observe(*arguments: Any) -> None:
        try:
            function(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it must not change what it observes
            _log_failure(_failed(implementation.plugin_name, OBSERVER, error))

    return observe


def _staying(hook: str, implementation: Any) -> Callable[..., Any]:
    """Wrap the function of *implementation*: turn `SystemExit` into a `PluginError`."""
    function = implementation.function

    @functools.wraps(function)
    def stay(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except SystemExit as error:
            raise _failed(implementation.plugin_name, hook, error) from error

    return stay


def _log_failure(error: Exception) -> None:
    _log.error("%s", error)
    _log.debug("where it failed", exc_info=error)


def _failed(plugin: str | None, hook: str, error: BaseException) -> PluginError:
    message = f"the plugin {plugin or 'that implements it'} failed in {hook}: {_described(error)}"
    return PluginError(message, plugin)


def _code_of(function: Any) -> Any:
    return getattr(inspect.unwrap(function), "__code__", None)


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _name_of(plugin: Any, manager: PluginManager) -> str:
    """Return a name of *plugin* for the list of plugins and for errors.

    pluggy would choose a number. Two plugins with the same name get `#2` and so on.
    """
    name = (
        getattr(plugin, "__name__", None)
        or f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    )
    names = [other.partition(" #")[0] for other, _ in manager.list_name_plugin()]
    count = names.count(name)
    return f"{name} #{count + 1}" if count else str(name)
