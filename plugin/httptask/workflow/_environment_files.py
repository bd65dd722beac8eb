"""The files of a definition's environments: `environments/<name>.json` in its folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from httptask._core.nearest import nearest
from httptask.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition

FOLDER = "environments"
"""The folder next to a definition."""

_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|.][^\x00-\x1f\x7f/\\:*?\"<>|]{0,99}")
"""A file name that every system allows, without a leading dot."""

_MOST = 1_000
"""The number of environments that are listed."""


def environment_names(definition: WorkflowDefinition) -> list[str]:
    """Return the sorted names of *definition*'s environments; [] if it was not read from a file."""
    try:
        paths = environment_folder(definition).glob("*.json")
        stems = [path.stem for path in paths if path.is_file()]
    except OSError:
        return []
    return sorted(filter(_NAME.fullmatch, stems))[:_MOST]


def environment_path(definition: WorkflowDefinition, name: str) -> Path:
    """Return the path of the environment *name* of *definition*.

    Raises `DefinitionError`, which suggests the nearest name, if there is no such file.
    """
    path = environment_folder(definition) / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        names = environment_names(definition)
        near = nearest(name, names)
        problem = Problem.of(
            "environment-unknown",
            "",
            suggestion=near[0] if near else None,
            name=name[:100],
            folder=str(path.parent),
            known=names or None,
        )
        raise DefinitionError([problem], source="the environment")
    return path


def is_own_environment(definition: WorkflowDefinition, name: str) -> bool:
    """Say whether the environment *name* is really in *definition*'s folder, links resolved.

    Raises `DefinitionError` as `environment_path` does.
    """
    path = environment_path(definition, name)
    folder = environment_folder(definition).parent
    return path.resolve().is_relative_to(folder.resolve())


def environment_folder(definition: WorkflowDefinition) -> Path:
    """Return the folder of *definition*'s environments."""
    return Path(definition.source or "").parent / FOLDER
