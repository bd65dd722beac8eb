"""`plugins`: the installed plugins and their contributions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from httptask.cli._output import command, emit

if TYPE_CHECKING:
    from httptask.cli._output import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "plugins",
        "list the plugins and what they add",
        "httptask plugins",
        catalogue=False,
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every plugin with its hooks and the named things it contributes."""
    from httptask.plugins import NAMED, plugin_manager

    manager = plugin_manager()
    listed: list[dict[str, Any]] = []
    for name, plugin in manager.list_name_plugin():
        if plugin is None:
            continue
        hooks = [caller.name for caller in manager.get_hookcallers(plugin) or ()]
        brings: dict[str, list[str]] = {}
        for hook, noun in NAMED.items():
            names = [
                thing for thing in manager.named(hook) if manager.provider_of(hook, thing) == name
            ]
            if names:
                brings[noun] = names
        listed.append(
            {
                "plugin": name,
                "hooks": sorted(hooks),
                "brings": brings,
            }
        )
    lines = []
    for entry in listed:
        lines.append(entry["plugin"])
        lines += [f"  {noun}: {', '.join(names)}" for noun, names in entry["brings"].items()]
        lines.append(f"  hooks: {', '.join(entry['hooks'])}")
    lines += [f"left out: {name}: {reason}" for name, reason in manager.left_out.items()]
    emit(arguments, {"plugins": listed, "leftOut": manager.left_out}, "\n".join(lines))
    return 0
