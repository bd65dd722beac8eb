"""Reading one description in a process that reads thousands."""

from __future__ import annotations

import gc
import json

import pytest
import yaml

from httptask.importing._reading import Job, read
from httptask.protocols import ImportOptions, Source

COMPOSED_PETS = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example.com"}],
    "paths": {
        "/pets": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                    }
                },
                "responses": {"200": {"description": "Done"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "discriminator": {"propertyName": "kind"},
                "properties": {
                    "kind": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                },
            },
            "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["kind"]}]},
        }
    },
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pets.json", json.dumps(COMPOSED_PETS)),
        ("pets.yaml", yaml.safe_dump(COMPOSED_PETS)),
        ("broken.json", json.dumps(COMPOSED_PETS)[:-20]),
        ("page.txt", "GET /pets\n\nLists the pets.\n"),
        ("unknown.txt", "nothing"),
    ],
)
def test_a_description_is_free_when_it_is_read(name: str, text: str) -> None:
    """Nothing of a description waits for a collection of garbage, which takes a twelfth of the time
    of an import: no object knows itself through others.
    """
    job = Job(Source(name, text.encode()), ImportOptions("acme"), b"")
    read(job)
    gc.collect()
    gc.disable()
    try:
        read(job)
        assert gc.collect() == 0
    finally:
        gc.enable()
