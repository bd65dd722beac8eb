"""The designer's page in a second engine: the main way in Debian's Firefox."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import npm
from designer import running_designer
from httptask.testing import StandIn

FOLDER = Path(__file__).parent / "firefox"
TITLE = "Creates a email communication on a given project"
TYPED = {
    "f-/httpRequest/pathParameters/project_id": "1001",
    "f-/httpRequest/headers/Procore-Company-Id": "42",
    "f-/httpRequest/query/topic_id": "77",
}
CHOSEN = {"f-/httpRequest/query/topic_type": json.dumps("rfi")}


@pytest.mark.browser
@pytest.mark.npm
def test_the_main_way_in_firefox(tmp_path: Path, folder: Path, stand_in: StandIn) -> None:
    """Search, pick, fill in, test, save: the request is on the wire as typed, the response is shown,
    the task is in the file, and no script and no policy complains.
    """
    (folder / "flow.json").write_text(json.dumps({"name": "flow", "tasks": {}}), encoding="utf-8")
    plan = {"query": "email communication", "title": TITLE, "typed": TYPED, "chosen": CHOSEN}
    with running_designer(
        tmp_path, workflows=folder, servers={"procore": [stand_in.url]}
    ) as running:
        seen = went(running.url, plan)
    assert seen["complaints"] == []
    assert seen["status"] == "201 Created"
    assert "topic_type" in seen["body"]
    received = stand_in.requests[-1]
    assert (
        received.target == "/rest/v1.0/project/1001/email_communications?topic_id=77&topic_type=rfi"
    )
    (task,) = json.loads((folder / "flow.json").read_text(encoding="utf-8"))["tasks"].values()
    assert task["httpRequest"]["pathParameters"] == {"project_id": 1001}
    assert task["httpRequest"]["query"] == {"topic_id": 77, "topic_type": "rfi"}


def went(url: str, plan: dict[str, Any]) -> Any:
    """Go the main way at *url*, and return what was seen."""
    npm.install(FOLDER)
    done = subprocess.run(
        ["node", "main-way.mjs", url, json.dumps(plan)],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
