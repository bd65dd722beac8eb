"""`plugins`: what is installed and what it brings."""

from __future__ import annotations

import argparse

from httptask.cli._output import command, emit


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(
        commands,
        "plugins",
        "list the plugins and what they bring",
        "httptask plugins",
        catalogue=False,
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every plugin with its hooks and the named things it brings."""
    from httptask.plugins import NAMED, plugin_manager

    manager = plugin_manager()
    listed = []
    for name, plugin in manager.list_name_plugin():
        if plugin is None:
            continue
        hooks = [caller.name for caller in manager.get_hookcallers(plugin) or ()]
        things = {
            kind: [
                thing for thing in manager.named(hook) if manager.provider_of(hook, thing) == name
            ]
            for hook, kind in NAMED.items()
        }
        listed.append(
            {
                "plugin": name,
                "hooks": sorted(hooks),
                "brings": {kind: names for kind, names in things.items() if names},
            }
        )
    lines = []
    for entry in listed:
        lines.append(str(entry["plugin"]))
        brings = entry["brings"]
        if isinstance(brings, dict):
            lines += [f"  {kind}: {', '.join(names)}" for kind, names in brings.items()]
        lines.append(f"  hooks: {', '.join(entry['hooks'])}")
    lines += [f"left out: {name}: {reason}" for name, reason in manager.left_out.items()]
    emit(arguments, {"plugins": listed, "leftOut": manager.left_out}, "\n".join(lines))
    return 0
