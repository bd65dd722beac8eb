"""What an expression may cost, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonata.jexception import JException

from httptask._core.strict_json import parse
from httptask.errors import ExpressionError
from httptask.expressions import Evaluator, _jsonata_operators, _result
from httptask.expressions._helper import BUSY, LENGTH
from httptask.expressions.plugin import httptask_expression_languages
from httptask.model.policy import Limits

SHIPPED = {language.name: language for language in httptask_expression_languages()}
ENDLESS = "${jsonata: ($f := function() { $f() }; $f())}"
LONG = 60.0
"""Seconds. A limit that no test waits for."""


@contextmanager
def evaluator(
    seconds: float = LONG, result: int = Limits().expression_result
) -> Iterator[Evaluator]:
    evaluator = Evaluator(SHIPPED, Limits(expression_seconds=seconds, expression_result=result))
    try:
        yield evaluator
    finally:
        evaluator.close()


def evaluated(evaluator: Evaluator, value: Any, data: Any = None) -> Any:
    return asyncio.run(evaluator.evaluate(value, data, pointer="/x", run={}))


def refused(evaluator: Evaluator, value: Any, data: Any = None) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluated(evaluator, value, data)
    assert caught.value.expression == value
    assert caught.value.pointer == "/x"
    return caught.value


def helper(evaluator: Evaluator) -> subprocess.Popen[bytes]:
    worker = evaluator._worker
    assert worker is not None
    assert worker._helper is not None
    return worker._helper.process


async def running(evaluator: Evaluator) -> subprocess.Popen[bytes]:
    """Wait until the helper evaluates."""
    while evaluator._worker is None or (job := evaluator._worker._running) is None or not job.began:  # noqa: ASYNC110 - another thread decides, and tells no event
        await asyncio.sleep(0.01)
    return helper(evaluator)


def took_longer(seconds: float) -> str:
    """Return a pattern of what is said: on a busy machine the clock may run out before the
    processor time does.
    """
    return rf"took longer than ({seconds:g}|{BUSY * seconds:g}) s and was stopped"


RUNAWAYS = [
    ("an endless tail recursion", ENDLESS, None),
    (
        "a regular expression in JSONata",
        '${jsonata: $match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", /^(a+)+$/)}',
        None,
    ),
    ("a regular expression in JSONPath", "${$[?match(@.x, '(a|aa)+b')]}", [{"x": "a" * 200}]),
    (
        "many descendants",
        "${$..*..*..*..*}",
        {"a": [[[[[[[[{"b": list(range(20))}] * 3] * 3] * 3] * 3] * 3] * 3] * 3] * 3},
    ),
    ("selectors that multiply", "${$" + "[*,*]" * 30 + "}", None),
    ("nested loops", "${jsonata: $sum([1..9999].($i := $; $sum([1..9999].($ * $i))))}", None),
]


@pytest.mark.parametrize(
    ("text", "data"), [row[1:] for row in RUNAWAYS], ids=[row[0] for row in RUNAWAYS]
)
def test_what_runs_away_is_stopped(text: str, data: Any) -> None:
    """The limit on time holds whatever runs, also inside a regular expression; the next expression
    works.
    """
    if data is None:
        data = value = list[Any]()
        for _ in range(31):
            value.append([])
            value = value[0]
    with evaluator(0.3) as bounded:
        assert re.fullmatch("it " + took_longer(0.3), refused(bounded, text, data).message)
        assert evaluated(bounded, "${jsonata: (1 + 1)}") == 2


ROWS = {
    "a": [{"id": n, "n": f"x{n}"} for n in range(256)],
    "b": [{"k": n, "v": 2 * n} for n in range(256)],
}
JOINED = [2 * n for n in range(256)]
LARGE: list[tuple[str, Any]] = [
    ("a.($i := id; $$.b[k = $i].v)", JOINED),
    ("a.($i := id; $$.b[k = $i and v >= 0].v)", JOINED),
    ("a[id in $$.b.k].id", list(range(256))),
    ("a@$x.b@$y[$x.id = $y.k].$y.v", JOINED),
    ("$map(a, function($x) { $filter($$.b, function($y) { $y.k = $x.id }).v })", JOINED),
    ("[1..2e5].$string()", [str(n) for n in range(1, 200_001)]),
    ("$count([1..2e5].($ * 2))", 200_000),
    ("$count($sort([1..20000], function($l, $r) { $l < $r }))", 20_000),
    ("$count($distinct([1..20000]))", 20_000),
]


@pytest.mark.parametrize(("source", "expected"), LARGE, ids=[source for source, _ in LARGE])
def test_what_is_only_large_is_within_the_bound(source: str, expected: Any) -> None:
    """Nested loops over 256 by 256, and ranges of 200,000. (Twice the bound: others may share the
    processor's core.)
    """
    with evaluator(2 * Limits().expression_seconds) as bounded:
        assert evaluated(bounded, f"${{jsonata: {source}}}", ROWS) == expected


def test_time_is_that_of_the_processor() -> None:
    """What waits for its turn on a busy machine is not stopped early; by the clock there is ten
    times as much.
    """

    async def main() -> None:
        with evaluator(1.0) as bounded:
            assert await bounded.evaluate("${jsonata: (1)}", 1, pointer="", run={}) == 1
            summing = asyncio.create_task(
                bounded.evaluate("${jsonata: $sum([1..50000].($ * 2))}", 1, pointer="", run={})
            )
            process, worker = helper(bounded), bounded._worker
            assert worker is not None
            while not summing.done() and not (worker._running and worker._running.began):  # noqa: ASYNC110 - as in running()
                await asyncio.sleep(0.001)
            os.kill(process.pid, signal.SIGSTOP)
            await asyncio.sleep(1.5)
            os.kill(process.pid, signal.SIGCONT)
            assert await summing == 50_000 * 50_001

    asyncio.run(main())


TOO_MUCH = [
    (
        "doubling",
        (
            "${jsonata: ($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) };"
            " $f('abcdefgh', 40))}"
        ),
        "more memory",
    ),
    ("a wide text", "${jsonata: $length($pad('x', 3000000000))}", "more memory"),
    ("a deep recursion", "${jsonata: ($f := function($n) { 1 + $f($n) }; $f(1))}", "too deeply"),
    ("a deep source", "${jsonata: " + "(" * 20_000 + ")" * 20_000 + "}", "too deeply"),
    ("a long range", "${jsonata: [1..100000000]}", "must not exceed"),
    ("a large list", "${jsonata: [1..100000]}", "larger than 100000 bytes"),
    ("a large text", "${jsonata: $pad('x', 100000)}", "larger than 100000 bytes"),
]


@pytest.mark.parametrize(
    ("text", "said"), [row[1:] for row in TOO_MUCH], ids=[row[0] for row in TOO_MUCH]
)
def test_what_takes_too_much_is_refused(text: str, said: str) -> None:
    """Memory, depth and the size of the result are bounded, each with a sentence; the next
    expression works.
    """
    with evaluator(result=100_000) as bounded:
        assert said in refused(bounded, text).message
        assert evaluated(bounded, "${jsonata: (1 + 1)}") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel shows a process's limits in /proc")
def test_the_memory_that_is_told_is_that_of_the_expression() -> None:
    """The gigabyte of the refusal's words comes on top of what the helper has when it starts; the
    operating system holds the limit.
    """
    with evaluator() as bounded:
        assert evaluated(bounded, "${jsonata: (1 + 1)}") == 2
        process = Path(f"/proc/{helper(bounded).pid}")
        limit = re.search(r"Max address space +(\d+)", (process / "limits").read_text())
        has_now = re.search(r"VmSize:\s+(\d+) kB", (process / "status").read_text())
    assert limit is not None
    assert has_now is not None
    # It has loaded the languages since: part of the gigabyte is taken.
    assert 0.5 < (int(limit[1]) - 1024 * int(has_now[1])) / 1024**3 <= 1


def test_a_range_is_as_long_as_jsonata_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten million items; a longer one is refused before it is made."""
    monkeypatch.setattr(_jsonata_operators, "sequence", lambda items: items)
    items_of = _jsonata_operators.OPERATORS[".."]
    assert items_of("..", 1, 10_000_000) == range(1, 10_000_001)
    with pytest.raises(JException, match="10000001"):
        items_of("..", 1, 10_000_001)


@pytest.mark.parametrize("text", ["${$.v}", "${$.v[*]}", "${$..v}", "${$[?@]}", "${jsonata: v}"])
def test_a_result_has_a_largest_size(text: str) -> None:
    """However it was selected, and wherever it was evaluated."""
    with evaluator(result=1000) as bounded:
        assert (
            "larger than 1000 bytes as JSON"
            in refused(bounded, text, {"v": ["x" * 600, "y" * 600]}).message
        )
        assert evaluated(bounded, text, {"v": ["x" * 400, "y" * 400]})


@pytest.mark.parametrize(
    "text",
    [
        *("null", "true", "false", "0", "-120", "1" + 30 * "0", "0.5", "12345678901234567.89"),
        *('""', '"plain"', '"größer"', r'"say \"hi\""', r'"a\\b"', r'"\n"', '"\U0001f600"'),
        *("[]", "{}", "[1]", "[1,false]", '{"a":1}', '{"a":true,"b":[null,{}]}', "[[[]]]"),
    ],
)
def test_the_size_of_a_result_is_that_of_its_json(text: str) -> None:
    """In bytes of JSON without spaces, in UTF-8: a result that has as many as allowed is one."""
    value, size = parse(text), len(text.encode())
    _result.check(value, size)
    with pytest.raises(_result.RefusedError, match="larger"):
        _result.check(value, size - 1)


def test_a_name_of_the_run_has_a_largest_size() -> None:
    """It comes from the host, and is bounded like anything else."""
    with evaluator(result=10) as bounded:
        for value in ("x" * 8, "x" * 9):
            evaluation = bounded.evaluate(
                "${swf:workflowId}", None, pointer="/x", run={"workflowId": value}
            )
            if len(value) == 8:
                assert asyncio.run(evaluation) == value
            else:
                with pytest.raises(ExpressionError, match="larger than 10 bytes"):
                    asyncio.run(evaluation)


@pytest.mark.parametrize(
    "value", ["é" * 48, ["aa", 1, None, {"b": True, "c": 1.5}], "\n" * 48, [[]] * 20], ids=repr
)
def test_the_size_is_that_of_compact_json(value: Any) -> None:
    """The limit counts the bytes of the UTF-8 JSON text without spaces, exactly."""
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    with evaluator(result=size) as bounded:
        assert evaluated(bounded, "${$}", value) == value
    with evaluator(result=size - 1) as bounded:
        refused(bounded, "${$}", value)


def test_a_large_result_comes_back_whole() -> None:
    """Megabytes through the helper, with every kind of value."""
    data = [
        {"id": n, "name": f"né{n}😀", "f": n / 7, "n": None, "b": True, "l": [n, {"x": []}]}
        for n in range(20_000)
    ]
    with evaluator() as bounded:
        assert evaluated(bounded, "${$[?@.id >= 0]}", data) == data
        assert evaluated(bounded, "${$}", data) is data


def test_data_nested_as_deeply_as_a_response_may_be() -> None:
    """Five hundred levels reach the helper and come back."""
    data: Any = 1
    for _ in range(Limits().json_depth // 2 - 2):
        data = {"a": [data]}
    with evaluator() as bounded:
        assert evaluated(bounded, "${$..[?@ == 1]}", data) == [1]
        assert evaluated(bounded, "${jsonata: a}", data) == data["a"]


def test_data_that_cannot_be_sent_is_explained() -> None:
    """What is no JSON, or nested beyond all measure, is our error; the next expression works."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with evaluator() as bounded:
        assert "cannot be sent" in refused(bounded, "${jsonata: ($)}", {"f": lambda: 1}).message
        assert "nested too deeply to be sent" in refused(bounded, "${jsonata: ($)}", deep).message
        assert "nested deeper" in refused(bounded, "${$}", deep).message
        assert evaluated(bounded, "${jsonata: (1 + 1)}") == 2


def test_what_is_cheap_needs_no_helper() -> None:
    """Checking, and what costs a fixed time for each value that it reads, starts no process; a
    program does.
    """
    with evaluator() as bounded:
        value = [
            "${$.a.b}",
            "${$.a['b']}",
            "${$.l[-1]}",
            "${$.l[*]}",
            "${$.l[0, 1]}",
            "${$..b}",
            "${$.l[?@ > 1]}",
            "${$.rows[?@.id == 7 || !(@.id < 29999)].id}",
            "${swf:workflowId}",
            "$${x}",
            "${jsonata: a.b}",
            '${jsonata: $uppercase("x" & a.b) = "X1" ? l[0] : a}',
            "${jsonata: rows[id = 7 or id >= 29999].id}",
        ]
        data = {"a": {"b": 1}, "l": [1, 2], "rows": [{"id": number} for number in range(30_000)]}
        values = asyncio.run(bounded.evaluate(value, data, pointer="", run={"workflowId": "r"}))
        assert values[6:8] == [[2], [7, 29_999]]
        assert values[10:] == [1, 1, [7, 29_999]]
        bounded.check(["${jsonata: a}", "${$..*..*}", "${$[?@.a]}"], "")
        assert bounded._worker is None
        assert evaluated(bounded, "${jsonata: $map(l, function($x) { $x + 1 })}", data) == [2, 3]
        assert helper(bounded).poll() is None


class Counted(dict[str, Any]):
    """Counts how often it is sent to the helper."""

    sent = 0

    def __reduce__(self) -> Any:
        type(self).sent += 1
        return dict, (dict(self),)


def test_only_what_is_read_is_sent_and_once() -> None:
    """Of large data the helper is sent what an expression can read, and not again for the next one
    of the task.
    """
    Counted.sent = 0
    count = "${jsonata: $sum($map(tasks.A.rows, function($r) { $r }))}"
    other = "${jsonata: $count($keys(input.a)) + $count($filter(input.b, function($x) { $x }))}"
    data = {
        "input": {"a": {"x": 1}, "b": [1]},
        "tasks": {"A": Counted(rows=[1, 2]), "B": {"f": lambda: 1}},
    }
    rows = "${jsonata: ($f := function($a) { $a.rows }; $f(tasks.A))}"
    with evaluator() as bounded:
        assert evaluated(bounded, other, data) == 2
        assert Counted.sent == 0
        assert evaluated(bounded, [rows, rows, rows], data) == [[1, 2]] * 3
        assert Counted.sent == 1
        assert evaluated(bounded, [count, rows, rows], data) == [3, [1, 2], [1, 2]]
        assert Counted.sent == 2
        data["tasks"]["A"]["rows"] = [5]
        assert evaluated(bounded, rows, data) == [5]


def test_the_helper_is_kept_and_ends_with_the_evaluator() -> None:
    """One process serves all expressions; closing reaps it, twice is no harm, and a closed
    evaluator says so.
    """
    with evaluator() as bounded:
        assert evaluated(bounded, ["${jsonata: (1)}", "${$[?@]}"], {"a": 1}) == [1, [1]]
        process = helper(bounded)
        assert evaluated(bounded, "${jsonata: (2)}") == 2
        assert helper(bounded) is process
        assert process.poll() is None
        bounded.close()
        assert process.returncode is not None
        bounded.close()
        assert "closed" in refused(bounded, "${jsonata: (1)}").message
        assert evaluated(bounded, "${$.a}", {"a": 1}) == 1
    with evaluator() as unused:
        unused.close()
        assert "closed" in refused(unused, "${jsonata: (1)}").message


def test_the_terminal_does_not_reach_the_helper() -> None:
    """It is in a process group of its own, so that Ctrl+C is the parent's to handle."""
    with evaluator() as bounded:
        evaluated(bounded, "${jsonata: (1)}")
        assert os.getsid(helper(bounded).pid) == helper(bounded).pid != os.getsid(0)


def test_closing_ends_what_is_being_evaluated() -> None:
    """And what waits for its turn: all of them fail with our error, and no process is left."""

    async def main() -> None:
        with evaluator() as bounded:
            tasks = [
                asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
                for _ in range(3)
            ]
            process = await running(bounded)
            await asyncio.to_thread(bounded.close)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(result) for result in results] == [ExpressionError] * 3
            assert "closed" in str(results[0])
            assert process.returncode is not None

    asyncio.run(main())


def test_a_cancelled_task_leaves_nothing_running() -> None:
    """Cancelling the task that awaits ends the evaluation at once; others that wait are served."""

    async def main() -> None:
        with evaluator() as bounded:
            endless = asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
            process = await running(bounded)
            waiting = asyncio.create_task(
                bounded.evaluate("${jsonata: (1 + 1)}", 1, pointer="", run={})
            )
            given_up = asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
            await asyncio.sleep(0)
            given_up.cancel()
            endless.cancel()
            for task in (endless, given_up):
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert await asyncio.to_thread(process.wait, LONG) == -signal.SIGKILL
            assert await waiting == 2

    asyncio.run(main())


def test_cancelling_one_that_waits_does_not_disturb_the_one_that_runs() -> None:
    """The process is only ended for the task that uses it."""

    async def main() -> None:
        with evaluator(0.5) as bounded:
            endless = asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
            await running(bounded)
            waiting = asyncio.create_task(
                bounded.evaluate("${jsonata: (1)}", 1, pointer="", run={})
            )
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(ExpressionError, match=took_longer(0.5)):
                await endless

    asyncio.run(main())


def test_the_event_loop_goes_on_meanwhile() -> None:
    """While an expression takes its time, other tasks of the loop run and finish."""

    async def main() -> None:
        with evaluator() as bounded:
            endless = asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
            await running(bounded)
            for _ in range(20):
                assert await bounded.evaluate("${$.a}", {"a": 1}, pointer="", run={}) == 1
                await asyncio.sleep(0.001)
            assert not endless.done()
            endless.cancel()

    asyncio.run(main())


def test_expressions_that_wait_do_not_take_the_threads_of_others() -> None:
    """However many wait for the helper, `asyncio.to_thread` of the same loop has threads."""

    async def main() -> None:
        with evaluator() as bounded:
            tasks = [
                asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
                for _ in range(100)
            ]
            await running(bounded)
            assert await asyncio.wait_for(asyncio.to_thread(lambda: 5), LONG) == 5
            assert not any(task.done() for task in tasks)
            for task in tasks:
                task.cancel()

    asyncio.run(main())


def test_many_tasks_loops_and_threads_share_one_evaluator() -> None:
    """Each gets its own answer."""
    results: dict[int, list[int]] = {}

    async def main(bounded: Evaluator, number: int) -> None:
        texts = [f"${{jsonata: (a * {number} + {n})}}" for n in range(20)]
        results[number] = await asyncio.gather(
            *(bounded.evaluate(text, {"a": 100}, pointer="", run={}) for text in texts)
        )

    with evaluator() as bounded:
        threads = [
            threading.Thread(target=lambda n=n: asyncio.run(main(bounded, n))) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == {number: [100 * number + n for n in range(20)] for number in range(4)}


def test_a_helper_that_was_killed_while_idle_is_replaced() -> None:
    """Nobody notices that somebody else ended it."""
    with evaluator() as bounded:
        assert evaluated(bounded, "${jsonata: (1)}") == 1
        first = helper(bounded)
        os.kill(first.pid, signal.SIGKILL)
        assert evaluated(bounded, "${jsonata: (2)}") == 2
        assert helper(bounded) is not first
        assert first.returncode is not None


def test_a_helper_that_is_killed_at_work_is_an_error() -> None:
    """The expression may be why, so it is not tried again; the next one works."""

    async def main() -> None:
        with evaluator() as bounded:
            assert await bounded.evaluate("${jsonata: (1)}", 1, pointer="", run={}) == 1
            endless = asyncio.create_task(bounded.evaluate(ENDLESS, 1, pointer="", run={}))
            process = await running(bounded)
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(ExpressionError, match="ended unexpectedly"):
                await endless
            assert await bounded.evaluate("${jsonata: (1 + 1)}", 1, pointer="", run={}) == 2

    asyncio.run(main())


def test_a_helper_that_does_not_start_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is not there, or ends at once."""
    for program in ("/nowhere/python", "/bin/false"):
        monkeypatch.setattr(sys, "executable", program)
        with evaluator() as bounded:
            assert "does not start" in refused(bounded, "${jsonata: (1)}").message


@pytest.mark.parametrize("answer", [b"no json", b"[" * 100_000])
def test_a_helper_that_answers_nonsense_is_an_error(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up: what it says next could not be trusted either."""
    program = tmp_path / "python"
    written = LENGTH.pack(2) + b"{}" + LENGTH.pack(len(answer)) + answer
    (tmp_path / "answers").write_bytes(written)
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/answers\ncat > /dev/null\n")
    program.chmod(0o700)
    with evaluator() as bounded:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", str(program))
            with pytest.raises(ExpressionError) as caught:
                evaluated(bounded, "${jsonata: (1)}", 1)
        assert caught.value.code == "expression-helper-unread"
        assert evaluated(bounded, "${jsonata: (1 + 1)}") == 2


def test_the_helper_ends_when_its_parent_is_gone() -> None:
    """At the end of its input it ends by itself; in the midst of an evaluation, when its time is
    over.
    """
    command = [sys.executable, "-P", "-m", "httptask.expressions._helper"]
    idle = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    idle.communicate(timeout=LONG)
    assert idle.returncode == 0
    source = ENDLESS.removeprefix("${jsonata:").removesuffix("}")
    request = pickle.dumps(
        (pickle.dumps(SHIPPED["jsonata"]), source, 0.2, 1000, False)
    ) + pickle.dumps(None)
    busy = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        busy.communicate(request, timeout=LONG)
    finally:
        busy.kill()
    assert busy.returncode == -signal.SIGPROF


def test_after_a_fork_each_process_has_a_helper_of_its_own() -> None:
    """A worker that forks with an evaluator in use neither hangs nor mixes answers, and leaves its
    parent's helper alone without a word.
    """
    program = """
import asyncio, gc, os, warnings
warnings.simplefilter("ignore")
warnings.simplefilter("always", ResourceWarning)
from httptask.expressions import Evaluator
from httptask.expressions.plugin import httptask_expression_languages as languages
from httptask.model.policy import Limits

evaluator = Evaluator({x.name: x for x in languages()}, Limits())
ask = lambda n: asyncio.run(evaluator.evaluate("${jsonata: (" + str(n) + ")}", None, pointer="", run={}))
first = ask(1)
child = os.fork()
second = ask(2) if child else ask(3)
if not child:
    gc.collect()
    evaluator.close()
    os._exit(second)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(first, second, status, ask(4))
evaluator.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG, check=True
    )
    assert done.stdout.split() == ["1", "2", "3", "4"]
    assert done.stderr == ""


def test_an_evaluator_that_was_not_closed_does_not_hold_up_the_end_of_the_program() -> None:
    """Forgetting `close` is no reason to hang."""
    program = """
import asyncio
from httptask.expressions import Evaluator
from httptask.expressions.plugin import httptask_expression_languages as languages
from httptask.model.policy import Limits

evaluator = Evaluator({x.name: x for x in languages()}, Limits())
print(asyncio.run(evaluator.evaluate("${jsonata: (5)}", None, pointer="", run={})))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG, check=True
    )
    assert done.stdout.split() == ["5"]


@pytest.mark.parametrize(
    "text",
    [
        "${" * 200_000,
        "$" * 500_000 + "{",
        "${$.a} " * 50_000,
        "$${a} " * 100_000,
        "${jsonata: " + "a / " * 10_000 + "a}",
        "${jsonata: /" + "(" * 60_000 + "}",
        "${jsonata: " + "[\\x00-\\U0010ffff]" * 10 + "}",
        "${jsonata: /" + "[\x01-\uffff]" * 5_000 + "/i}",
        "${$" + "[?@" * 5_000 + "]" * 5_000 + "}",
        "${$[?" + "(" * 20_000 + "}",
        "${'" + "\\" * 60_000 + "'}",
    ],
    ids=lambda text: text[:20],
)
def test_no_text_is_slow_to_check(text: str) -> None:
    """Reading is linear in the text, more or less: this would take minutes otherwise."""
    with evaluator() as bounded:
        assert isinstance(bounded.check([text], ""), list)
