"""Which texts of a definition's literal secrets are masked in what is stored of its runs."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.designer._literal_secrets import masked_plan
from httptask.model.workflow import WorkflowDefinition
from httptask.protocols import RunOptions
from tasks import runtime

URL = "https://x.example/"


@pytest.mark.parametrize(
    ("request_part", "parameters", "secrets"),
    [
        ({}, {"password": "amqp://user:hunter22@host"}, ["amqp://user:hunter22@host", "hunter22"]),
        ({"url": "https://user:hunter%2022@x.example/"}, {}, ["hunter%2022", "hunter 22"]),
        ({"headers": {"Authorization": "ApiKey s3cr3tvalue"}}, {}, ["s3cr3tvalue"]),
        ({"headers": {"Proxy-Authorization": "Token s3cr3tvalue"}}, {}, ["s3cr3tvalue"]),
        (
            {"headers": {"Authorization": "Basic dXNlcjpodW50ZXIyMg=="}},
            {},
            ["dXNlcjpodW50ZXIyMg==", "hunter22"],
        ),
        (
            {"headers": {"Cookie": "session=abcdef123; theme=dark"}},
            {},
            ["session=abcdef123; theme=dark", "abcdef123", "dark"],
        ),
        ({"url": f"{URL}?api_key=literal-6&page=1"}, {}, ["literal-6"]),
    ],
)
def test_each_part_of_a_literal_secret_is_masked(
    request_part: dict[str, Any], parameters: dict[str, Any], secrets: list[str]
) -> None:
    """A server may repeat a part, and the same value may stand elsewhere."""
    task = {
        "type": "Http",
        "inputParameters": parameters,
        "httpRequest": {"method": "GET", "url": URL, **request_part},
    }
    document = {"name": "flow", "startTask": "A", "tasks": {"A": task}}
    with runtime() as shared:
        masked, _, texts = masked_plan(
            WorkflowDefinition(document), RunOptions(None, {}, {}), shared
        )
    assert set(secrets) <= set(texts)
    assert not [secret for secret in secrets[:1] if secret in str(masked.document)]
