"""The HTTP task for workflow engines: search an API, fill a form, test the request, run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._core.lazy import lazily

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue
    from httptask.engines import run_workflow
    from httptask.errors import HttpTaskError
    from httptask.hookspecs import hookimpl
    from httptask.importers import read_api
    from httptask.model.api import Endpoint
    from httptask.model.exchange import Exchange
    from httptask.model.task import Inputs
    from httptask.model.workflow import WorkflowDefinition
    from httptask.settings import settings_schema
    from httptask.task import HttpTask, Runtime

__all__ = [
    "Catalogue",
    "Endpoint",
    "Exchange",
    "HttpTask",
    "HttpTaskError",
    "Inputs",
    "Runtime",
    "WorkflowDefinition",
    "hookimpl",
    "read_api",
    "run_workflow",
    "settings_schema",
]

# Imported on first access: a host that only needs `hookimpl` should not load httpx and jsonschema.
_HOMES = {
    "Catalogue": "httptask.catalogue",
    "Endpoint": "httptask.model.api",
    "Exchange": "httptask.model.exchange",
    "HttpTask": "httptask.task",
    "HttpTaskError": "httptask.errors",
    "Inputs": "httptask.model.task",
    "Runtime": "httptask.task",
    "WorkflowDefinition": "httptask.model.workflow",
    "hookimpl": "httptask.hookspecs",
    "read_api": "httptask.importers",
    "run_workflow": "httptask.engines",
    "settings_schema": "httptask.settings",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
