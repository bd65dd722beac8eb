"""The operator's options in a journal, and those that a process lacks when it resumes a run."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from httptask import engines
from httptask.engines import Journal, aresume_run, arun_workflow, resume_run, run_workflow
from httptask.engines.journal._operator import missing_options, operator_options
from httptask.errors import JournalError
from httptask.model.policy import Limits, Network
from httptask.task import Runtime


def lacks(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return what a runtime of *now* lacks of a runtime of *before*."""
    with Runtime(**before) as earlier, Runtime(**now) as later:
        words = missing_options(operator_options(earlier), operator_options(later))
        return " ".join(words)


@pytest.mark.parametrize(
    ("before", "now", "missing"),
    [
        ({"allow_networks": ["127.0.0.1"]}, {}, "--allow-network 127.0.0.1"),
        ({"allow_networks": ["127.0.0.1"]}, {"allow_networks": ["127.0.0.0/8"]}, ""),
        ({"allow_networks": ["10.0.0.0/8"]}, {"allow_networks": ["10.1.0.0/16"]}, None),
        ({"allow_networks": ["::1"]}, {"allow_networks": ["0.0.0.0/0"]}, "--allow-network ::1"),
        ({"allow_networks": ["a.example", "b.example"]}, {"allow_networks": ["B.example."]}, None),
        ({"allow_host_header": True}, {}, "--allow-host-header"),
        ({"network": Network(insecure_hosts="a:1")}, {}, "--insecure-host a:1"),
        ({"network": Network(proxy="http://ann:secret@h:1")}, {}, "--proxy"),
        ({"network": Network(proxy="http://h:1", no_proxy="a,b")}, {}, None),
        ({"network": Network(proxy="http://h:1")}, {"network": Network(proxy="http://i:2")}, ""),
        ({"limits": Limits(steps=200_000)}, {}, "--max-steps 200000"),
        ({"limits": Limits(steps=200_000)}, {"limits": Limits(steps=300_000)}, ""),
        ({"limits": Limits(depth=3)}, {}, ""),
        ({"files": "/kept"}, {}, "--files /kept"),
        ({"files": "/kept"}, {"files": "/elsewhere"}, ""),
        ({}, {"allow_networks": ["127.0.0.1"], "allow_host_header": True}, ""),
    ],
)
def test_what_a_process_lacks(
    before: dict[str, Any], now: dict[str, Any], missing: str | None
) -> None:
    """The words are those of the command line. None: some are, whichever."""
    found = lacks(before, now)
    assert bool(found) if missing is None else found == missing
    assert "secret" not in found


def test_a_program_resumes_with_what_the_run_had(tmp_path: Path) -> None:
    """`resume_run` refuses as `httptask resume` does, and takes `anyway`."""

    class StopError(BaseException):
        """Ends the process of the run, so to speak."""

    def stop(*_: object) -> None:
        raise StopError

    pause = {"type": "Wait", "seconds": 0}
    tasks = {"Go": {**pause, "nextTask": "Then"}, "Then": {**pause, "end": True}}
    definition = {"startTask": "Go", "tasks": tasks}
    with Journal(tmp_path / "runs.sqlite3") as journal, Runtime(allow_networks=["::1"]) as shared:
        with pytest.raises(StopError):
            run_workflow(
                definition, journal=journal, runtime=shared, workflow_id="r", finished=stop
            )
        with pytest.raises(JournalError, match="had --allow-network ::1, which this process lacks"):
            resume_run(journal, "r")
        assert journal.run("r").status == "Interrupted"
        with pytest.raises(StopError):
            resume_run(journal, "r", anyway=True, begun=stop)
        # It has them no more.
        assert resume_run(journal, "r").status == "Completed"


@pytest.mark.parametrize(
    ("plain", "asynchronous"), [(run_workflow, arun_workflow), (resume_run, aresume_run)]
)
def test_synchronous_code_has_what_asynchronous_has(plain: Any, asynchronous: Any) -> None:
    """Each argument, and a call with its value, but for `callbacks`: they need an event loop that
    is there before the run.
    """
    own, expected = (inspect.signature(one).parameters for one in (plain, asynchronous))
    assert [*own.values()] == [one for name, one in expected.items() if name != "callbacks"]
    given = {name: object() for name in own}
    passed: dict[str, Any] = {}

    async def recorded(*arguments: Any, **named: Any) -> None:
        passed.update(dict(zip(expected, arguments, strict=False)), **named)

    given["runtime"] = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, asynchronous.__name__, recorded)
        plain(**given)
    assert passed == given
