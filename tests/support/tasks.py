"""Helpers that make and run HTTP tasks."""

from __future__ import annotations

import atexit
import json
import re
from typing import Any

import pytest

from httptask.catalogue import Catalogue
from httptask.errors import TaskError
from httptask.model.exchange import Exchange
from httptask.model.policy import Limits
from httptask.model.task import Inputs, TaskResult
from httptask.plugins import plugin_manager
from httptask.task import HttpTask, Runtime
from places import DATA

_SHIPPED = Catalogue.open(":memory:")
"""A catalogue with the shipped endpoint. All tests read it, none writes to it."""
atexit.register(_SHIPPED.close)

SEED = "procore-rest-v1-0-project-project_id-email_communications-post-176"
PAGES = DATA / "pages"


def runtime(
    *plugins: Any,
    limits: Limits | None = None,
    allow: list[str] | None = None,
    **given: Any,
) -> Runtime:
    """Return a runtime with the shipped catalogue, which may connect to loopback."""
    given.setdefault("catalogue", _SHIPPED)
    return Runtime(
        plugins=plugin_manager(*plugins, entry_points=False),
        limits=limits,
        **({"allow_networks": ["127.0.0.0/8", "::1"] if allow is None else allow} | given),
    )


def http(
    url: str,
    *,
    request: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return an HTTP task for *url*.

    *request* are further fields of `httpRequest`, *fields* further fields of the task.
    """
    return {
        "type": "Http",
        "httpRequest": {"url": url, **(request or {})},
        "end": True,
        **fields,
    }


def call(
    definition: dict[str, Any],
    *plugins: Any,
    inputs: Inputs | None = None,
    **given: Any,
) -> TaskResult:
    """Run the task once and return its result."""
    with runtime(*plugins, **given) as shared:
        return HttpTask(definition, name="task", runtime=shared).call(inputs)


def failure(
    definition: dict[str, Any],
    *plugins: Any,
    inputs: Inputs | None = None,
    **given: Any,
) -> TaskError:
    """Run the task once, and return its error. Fails if there is none."""
    try:
        result = call(definition, *plugins, inputs=inputs, **given)
    except TaskError as error:
        return error
    raise AssertionError(f"expected an error, got {result}")


def exchange(
    definition: dict[str, Any],
    *plugins: Any,
    inputs: Inputs | None = None,
    **given: Any,
) -> Exchange:
    """Run a test request and return its exchange."""
    with runtime(*plugins, **given) as shared:
        return HttpTask(definition, name="task", runtime=shared).test_request(inputs)


def email_task(url: str, **fields: Any) -> dict[str, Any]:
    """Return a complete task for the seed's endpoint at the server *url*."""
    return {
        "type": "Http",
        "description": "Tell the project about the RFI",
        "endpoint": SEED,
        "inputParameters": {"topicId": "${$.input.rfi.id}"},
        "httpRequest": {
            "url": url + "/rest/v1.0/project/{project_id}/email_communications",
            "method": "POST",
            "pathParameters": {"project_id": 1001},
            "query": {"topic_id": "${$.topicId}", "topic_type": "rfi"},
            "headers": {"Procore-Company-Id": 42, "Content-Type": "application/json"},
            "body": {
                "communication": {"subject": "RFI answered"},
                "email": {"body": "The answer is in.", "distribution_ids": [881]},
            },
        },
        "end": True,
        **fields,
    }


RFI = Inputs(input={"rfi": {"id": 7}})
"""The inputs of `email_task`."""


def is_literal(value: Any) -> bool:
    """Say whether *value* contains no expressions and no file references."""
    text = json.dumps(value)
    return not re.search(r"\$[{$]|jsonata:|\$(?:file|text)", text)


def store(monkeypatch: pytest.MonkeyPatch, **credentials: Any) -> None:
    """Store *credentials*, by name, in the environment."""
    for name, credential in credentials.items():
        monkeypatch.setenv(f"HTTPTASK_CREDENTIAL_{name.upper()}", json.dumps(credential))
