"""What the tests of the command line share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_line import Done, Run, done


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Give a function that runs one `httptask` command in an empty folder with a catalogue of its
    own.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HTTPTASK_")
    }
    environment |= {
        "HTTPTASK_CATALOGUE": str(tmp_path / "catalogue.sqlite3"),
        "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
        "HTTPTASK_CREDENTIALS_FILE": str(tmp_path / "no-credentials.json"),
    }

    def command(*words: str, stdin: str = "", **variables: str) -> Done:
        return done(words, tmp_path, environment | variables, stdin)

    return command
