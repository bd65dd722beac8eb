"""The items of a task with `forEach`: pure state, which is rebuilt from results, and travels."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask._core import packaged
from httptask.model.for_each import ItemCounts
from httptask.workflow import Items


def test_items_start_in_order_and_no_more_than_allowed_at_once() -> None:
    items = Items(4, 2, stops=True)
    assert items.begun == (0, 1)
    assert items.record(1, has_failed=False) == (2,)
    assert items.record(2, has_failed=False) == (3,)
    assert items.record(0, has_failed=False) == ()
    assert (items.under_way, items.is_ended) == ((3,), False)
    assert items.record(3, has_failed=False) == ()
    assert items.is_ended
    assert items.counts == ItemCounts(4, 4, 0)


def test_a_failure_ends_it_where_failures_are_not_collected() -> None:
    """What is under way then is to be stopped, and its end counts no more."""
    items = Items(9, 3, stops=True)
    assert items.record(1, has_failed=True) == ()
    assert (items.is_ended, items.failed_at, items.under_way) == (True, 1, (0, 2))
    assert items.record(0, has_failed=False) == ()
    assert items.counts == ItemCounts(9, 0, 1)
    collected = Items(9, 3, stops=False)
    assert collected.record(1, has_failed=True) == (3,)


def test_a_second_end_of_an_item_is_no_news_and_one_never_started_is_an_error() -> None:
    items = Items(3, 1, stops=False)
    assert items.record(0, has_failed=False) == (1,)
    assert items.record(0, has_failed=True) == ()
    assert items.counts == ItemCounts(3, 1, 0)
    with pytest.raises(ValueError, match="item 2 was not started"):
        items.record(2, has_failed=False)


def test_no_items_have_ended_at_once() -> None:
    items = Items(0, 5, stops=True)
    assert (items.begun, items.is_ended, items.counts) == ((), True, ItemCounts(0))


@given(st.data())
def test_state_rebuilt_from_results_or_from_its_json_is_the_same(data: st.DataObject) -> None:
    """In whatever order the items end: nothing is lost, nothing is done twice, and at each point
    the state that went forward, the one rebuilt from the results, and the one that travelled as
    JSON do the same next.
    """
    count = data.draw(st.integers(0, 12))
    concurrency = data.draw(st.integers(1, 5))
    stops = data.draw(st.booleans())
    items = Items(count, concurrency, stops=stops)
    started, results = list(items.begun), []
    while not items.is_ended:
        assert len(items.under_way) == min(concurrency, count - len(results))
        index = data.draw(st.sampled_from(items.under_way))
        results.append((index, data.draw(st.booleans())))
        travelled = Items.from_json(json.loads(json.dumps(items.to_json())))
        news = items.record(index, has_failed=results[-1][1])
        assert travelled.record(index, has_failed=results[-1][1]) == news
        assert travelled.to_json() == items.to_json()
        assert Items.of(count, concurrency, results, stops=stops).to_json() == items.to_json()
        started += news
    assert started == list(range(len(started)))
    if items.failed_at is None:
        assert sorted(index for index, _ in results) == list(range(count))


@given(st.permutations(range(6)))
def test_results_that_come_in_another_order_rebuild_the_same_state(order: list[int]) -> None:
    """A durable engine may learn of an item's end before that of one that was started earlier."""
    items = Items.of(6, 2, [(index, False) for index in order], stops=True)
    assert items.is_ended
    assert items.counts == ItemCounts(6, 6, 0)


def test_the_setting_is_the_same_in_both_schemas() -> None:
    """The page's form reads it from one, and every type of task is checked by the other."""
    of_http = packaged.schema("http-task")["properties"]["forEach"]
    of_every = packaged.schema("workflow-definition")["$defs"]["flow"]["properties"]["forEach"]
    assert of_http == of_every
