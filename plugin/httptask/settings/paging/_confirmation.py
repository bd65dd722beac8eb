"""Compare a suggested pagination with the first response of a test request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from httptask._http.links import links
from httptask.expressions import ABSENT, Query
from httptask.model.api import Endpoint
from httptask.model.exchange import Exchange
from httptask.model.pagination import SuggestedPagination
from httptask.settings.paging._suggestion import suggested_pagination


def suggestion_after(
    exchange: Exchange, endpoint: Endpoint | None, task: Mapping[str, Any]
) -> SuggestedPagination | None:
    """Return the pagination that *endpoint* suggests for *task*, compared with the response in
    *exchange*.

    None if the task already has a pagination, or the response is not a successful one in JSON.
    """
    if endpoint is None or task.get("pagination") or exchange.outcome != "success":
        return None
    response = exchange.response
    if response is None or response.decoded_as != "json":
        return None
    suggestion = suggested_pagination(endpoint)
    if suggestion is None:
        return None
    headers: dict[str, str] = {}
    for name, value in response.headers:
        lower_name = name.lower()
        # Lines of one name are one list (RFC 9110, section 5.3).
        headers[lower_name] = f"{headers[lower_name]}, {value}" if lower_name in headers else value
    return confirmed_by(suggestion, response.decoded, headers)


def confirmed_by(
    suggestion: SuggestedPagination, body: Any, headers: Mapping[str, Any]
) -> SuggestedPagination:
    """Return *suggestion* marked as confirmed or refuted by a response, with the reason.

    *body* is parsed; the names in *headers* are in lower case.

    The items must be a list, and the field that names the next page must be present. It may be
    null: a short list has one page. The reason contains no value from the response, which may be
    secret.
    """
    setting = suggestion.setting
    items = _items(setting.get("items"), body)
    if not isinstance(items, list):
        reason = f"the response has no list at {setting.get('items', '$')}"
        return replace(suggestion, confirmed=False, reason=reason)
    if setting["mode"] == "link":
        return _confirmed_by_link(suggestion, headers.get("link"))
    for name in ("next", "more", "total"):
        if name not in setting:
            continue
        value = _value(setting[name], body, headers)
        if value is ABSENT:
            reason = f"the response has no {setting[name]}"
            return replace(suggestion, confirmed=False, reason=reason)
        null_note = ", null: this is the last page" if name == "next" and value is None else ""
        reason = f"the response has {setting[name]}{null_note}"
        return replace(suggestion, confirmed=True, reason=reason)
    reason = f"the response has a list of {len(items)} items"
    return replace(suggestion, confirmed=True, reason=reason)


def _items(items_query: str | None, body: Any) -> Any:
    """Return the items of *body*; without *items_query*, those that a task takes: the body, or the
    only list in it.
    """
    if items_query is None:
        lists = []
        if isinstance(body, dict):
            lists = [value for value in body.values() if isinstance(value, list)]
        if len(lists) == 1:
            return lists[0]
        return body
    query = Query.of(items_query)
    if query.steps is not None:
        return query.value(body)
    return query.values(body)


def _confirmed_by_link(suggestion: SuggestedPagination, header: Any) -> SuggestedPagination:
    """Return *suggestion*, confirmed if the `Link` header has a relation about pages."""
    relations = [
        relation
        for link in (links(header) if isinstance(header, str) else ())
        for relation in link.relations
    ]
    if not relations:
        return replace(suggestion, confirmed=False, reason="the response has no Link header")
    reason = f"the response's Link header has {', '.join(relations)}"
    is_about_pages = bool({"next", "prev", "first", "last"} & set(relations))
    return replace(suggestion, confirmed=is_about_pages, reason=reason)


def _value(query: str, body: Any, headers: Mapping[str, Any]) -> Any:
    """Return the first value of *query*, evaluated over the headers if it begins with
    `$.headers`.
    """
    subject = body
    if query.startswith("$.headers"):
        subject = {"headers": dict(headers)}
    return Query.of(query).value(subject)
