"""Recognise JSON documents that are something else than a workflow definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def other_document(document: Mapping[str, Any]) -> str | None:
    """Return the code of the problem that says what *document* is; None: a definition, or unknown.

    A document with `startTask` or `tasks` counts as a definition, however broken it is.
    """
    if "startTask" in document or "tasks" in document or not document:
        return None
    if "openapi" in document or "swagger" in document:
        return "definition-description"
    if "item" in document or isinstance(document.get("log"), Mapping):
        return "definition-collection"
    if isinstance(document.get("type"), str) or "httpRequest" in document:
        return "definition-task"
    if isinstance(document.get("url"), str):
        return "definition-settings"
    # The tasks alone, as copied from the member `tasks`.
    if all(isinstance(task, Mapping) and "type" in task for task in document.values()):
        return "definition-tasks"
    return None
