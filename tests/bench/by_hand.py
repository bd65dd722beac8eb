"""A workflow and an activity as somebody writes them by hand: what ours are compared with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import httpx

BODY = {"subject": "RFI answered", "distribution_ids": [881]}

SIDE_BY_SIDE = 100
"""Requests of a fan-out that are under way at once."""


@dataclass
class Shape:
    """What a workflow does: *count* requests, one after the other or side by side."""

    url: str
    count: int
    is_side_by_side: bool = False


CLIENT: list[httpx.AsyncClient] = []


@activity.defn(name="by_hand")
async def by_hand(url: str) -> dict[str, Any]:
    """Make the request, and return what a result of ours has."""
    response = await CLIENT[0].post(url, json=BODY)
    response.raise_for_status()
    return {
        "statusCode": response.status_code,
        "reasonPhrase": response.reason_phrase,
        "headers": dict(response.headers),
        "body": response.json(),
        "url": str(response.url),
    }


@workflow.defn(name="ByHand")
class ByHand:
    """Makes the requests of its argument."""

    @workflow.run
    async def run(self, shape: Shape) -> Any:
        """Return the last answer."""

        gate = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one() -> Any:
            return await workflow.execute_activity(
                by_hand,
                shape.url,
                start_to_close_timeout=timedelta(seconds=60),
                heartbeat_timeout=timedelta(seconds=10),
            )

        async def in_turn() -> Any:
            async with gate:
                return await one()

        if shape.is_side_by_side:
            return (await asyncio.gather(*(in_turn() for _ in range(shape.count))))[-1]
        last = None
        for _ in range(shape.count):
            last = await one()
        return last
