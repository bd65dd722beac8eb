"""The pins of a definition, held against its tasks and what their endpoints document."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from httptask import read_api
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import pin_file_problems
from tasks import http

PET = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example"}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "pets",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["id"],
                                    "properties": {"id": {"type": "integer"}},
                                },
                                "example": {"id": 1},
                            }
                        },
                    }
                },
            }
        }
    },
}
FIT: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "fits": ({"body": {"id": 7}}, []),
    "example": ({"example": True}, []),
    "an error": ({"error": {"class": "dns"}}, []),
    "another type": (
        [{"body": {"id": 7}}, {"body": {"id": "7"}}],
        [("pin-response", "/tasks/Pets/1/body/id", "warning")],
    ),
    "missing": ({"body": {}}, [("pin-response", "/tasks/Pets/body/id", "warning")]),
    "a status": ({"status": 404}, [("pin-response", "/tasks/Pets/status", "warning")]),
    "a media type": ({"body": "text"}, [("pin-response", "/tasks/Pets/body", "warning")]),
    "no such example": ({"example": 2}, [("pin-unfit", "/tasks/Pets/example", "error")]),
    "another endpoint": (
        {"body": {"id": 7}, "endpoint": "shop-cats-get-1"},
        [("pin-endpoint", "/tasks/Pets/endpoint", "warning")],
    ),
    "a secret": (
        {"body": {"id": 7, "password": "hunter2"}},
        [
            ("secret-in-the-open", "/tasks/Pets/body/password", "warning"),
            ("pin-response", "/tasks/Pets/body/password", "warning"),
        ],
    ),
}


@pytest.fixture(scope="module")
def shop() -> Any:
    """What knows the endpoint of the shop."""
    (endpoint,) = read_api("shop.json", data=json.dumps(PET).encode()).endpoints
    return SimpleNamespace(endpoint=lambda _: endpoint)


@pytest.mark.parametrize(("pin", "expected"), FIT.values(), ids=FIT)
def test_pins_that_do_not_fit_are_said(
    shop: Any, tmp_path: Path, pin: Any, expected: list[tuple[str, str, str]]
) -> None:
    """Against the documented responses and the task's endpoint, with the place in the pins; only a
    pin that answers nothing is an error.
    """
    task = http("https://shop.example/pets", endpoint="shop-pets-get-1")
    definition = WorkflowDefinition({"startTask": "Pets", "tasks": {"Pets": task}})
    file = tmp_path / "pets.json"
    file.write_text(json.dumps({"tasks": {"Pets": pin}}, indent=1), "utf-8")
    problems = pin_file_problems(definition, file, {}, shop)
    assert [(one.code, one.pointer, one.severity) for one in problems] == expected
    assert all(problem.line is not None for problem in problems)
