"""The stand-in's responses."""

from __future__ import annotations

import itertools
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from httptask.testing.stand_in._body import judge_body
from httptask.testing.stand_in._head import Topic, judge_head
from httptask.testing.stand_in._messages import ReceivedRequest, RefusalError, Reply, refuse
from httptask.testing.stand_in._page import PATH_TEMPLATE

_FIRST_ID = 901


class Answers:
    """Records requests, checks them and builds the replies.

    The arguments are those of `StandIn`.
    """

    def __init__(
        self,
        *,
        token: str | None,
        failures: Sequence[int],
        retry_after: int | str,
        verbose: bool,
    ) -> None:
        self.requests: list[ReceivedRequest] = []
        """Every request received, refused ones too, in the order they came."""
        self._token = token
        self._failures = deque(failures)
        self._retry_after = str(retry_after)
        self._verbose = verbose
        self._ids = itertools.count(_FIRST_ID)

    def check_head(self, head: ReceivedRequest) -> None:
        """Refuse before the body is sent, for a client that expects 100 (RFC 9110, section
        10.1.1).
        """
        if not self._failures:
            judge_head(head, self._token)

    def to_refused(self, head: ReceivedRequest | None, refusal: RefusalError) -> Reply:
        """Record a request whose body was not read, and return the reply that refuses it."""
        if head is not None:
            self.requests.append(head)
        return refusal.reply

    def to_request(self, request: ReceivedRequest) -> Reply:
        """Record a complete request, check it and return the reply."""
        self.requests.append(request)
        try:
            self._fail_as_asked()
            topic = judge_head(request, self._token)
            return self._created(topic, judge_body(request.body))
        except RefusalError as refusal:
            return refusal.reply

    def log(self, request: ReceivedRequest | None, status: int) -> None:
        """Write a line about the request to standard error, if verbose."""
        if self._verbose:
            line = "(unreadable request)"
            if request is not None:
                line = f"{request.method} {request.target}"
            sys.stderr.write(f"{line} -> {status}\n")

    def _fail_as_asked(self) -> None:
        try:
            status = self._failures.popleft()
        except IndexError:
            return
        retry = [("Retry-After", self._retry_after)] if status in (429, 503) else []
        refuse(status, "server", f"the stand-in was asked to answer {status} this time", *retry)

    def _created(self, topic: Topic, body: Mapping[str, Any]) -> Reply:
        number = next(self._ids)
        payload = {
            "id": number,
            "project_id": topic.project_id,
            "topic_id": topic.topic_id,
            "topic_type": topic.topic_type,
            "subject": body["communication"].get("subject"),
            "distribution_ids": body["email"].get("distribution_ids", []),
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        headers = (
            ("Location", f"{PATH_TEMPLATE.format(project_id=topic.project_id)}/{number}"),
            ("Set-Cookie", f"session={number}; Path=/; HttpOnly"),
            ("Set-Cookie", "region=us; Path=/"),
            ("X-Request-Id", f"stand-in-{number}"),
        )
        return Reply(201, payload, headers)
