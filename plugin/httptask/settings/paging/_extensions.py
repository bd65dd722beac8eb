"""Suggestions from vendors' extensions of an operation.

- `x-ms-pageable` (AutoRest): `nextLinkName`, `itemName` (default `value`)
- `x-speakeasy-pagination`: `type`, `inputs`, `outputs`
- `x-fern-pagination`: `cursor` and `next_cursor`, or `offset`, with `results`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from httptask.expressions import Query
from httptask.model.pagination import Evidence, SuggestedPagination
from httptask.settings.paging._listing import Asked, Listing, response_evidence

_NO_PAGES = SuggestedPagination({}, ())
"""The extension says that the list comes in one page."""

Setting = tuple[dict[str, Any], list[str], Asked | None]
"""A setting, the response queries it contains, and the parameter it contains."""


def of_extensions(listing: Listing) -> SuggestedPagination | None:
    """Return the suggestion of an extension; its setting is empty if the extension says "no pages".

    None if there is no extension, or if it names something the description does not have.
    """
    for name, read in _READERS.items():
        extension = listing.endpoint.extensions.get(name)
        if not isinstance(extension, Mapping):
            continue
        if name == "x-ms-pageable" and extension.get("nextLinkName", "") is None:
            return _NO_PAGES
        try:
            setting = read(listing, extension)
        except (KeyError, TypeError, AttributeError):
            continue  # the extension is not in the form that its vendor documents
        if setting is not None:
            return _suggestion(listing, name, setting)
    return None


def _suggestion(
    listing: Listing,
    name: str,
    setting: Setting,
) -> SuggestedPagination | None:
    """Return *setting* with its evidence; None if the description lacks the field that it
    reads next.
    """
    values, queries, parameter = setting
    evidence = [Evidence("request", f"/extensions/{name}", f"the extension {name}")]
    if parameter is not None:
        evidence.append(parameter.evidence)
    for query in queries:
        field = next((field for field in listing.fields if field.query == query), None)
        if field is not None:
            evidence.append(response_evidence(field))
        elif listing.fields and query == values.get("next"):
            return None
    return SuggestedPagination(values, tuple(evidence))


def _ms(listing: Listing, extension: Mapping[str, Any]) -> Setting | None:
    """Read `x-ms-pageable`. A dot in `nextLinkName` separates names unless it is escaped.

    AutoRest requests the next page with GET, unless another operation does it.
    """
    is_get = listing.endpoint.method == "GET"
    if not is_get and not (_reads(listing.endpoint.path) and _is_own(extension)):
        return None
    items = Query.of_steps((str(extension.get("itemName") or "value"),)).text
    following = Query.of_steps(tuple(re.split(r"(?<!\\)\.", extension["nextLinkName"]))).text
    # Some descriptions mean one name with dots, and do not escape them.
    if not any(field.query == following for field in listing.fields):
        following = Query.of_steps((extension["nextLinkName"].replace("\\.", "."),)).text
    setting = {
        "mode": "nextUrl",
        "items": items,
        "next": following,
    }
    setting |= {} if is_get else {"nextMethod": "GET"}
    return setting, [following, items], None


def _reads(path: str) -> bool:
    """Say whether the name of an action, the last segment of *path*, says that it only reads."""
    words = _CAMEL.findall(re.split(r"[/.:]", path.rstrip("/"))[-1])
    return bool(words) and words[0].lower() in _READING


_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_READING = frozenset(("get", "list", "query", "search", "find", "check", "evaluate", "available"))


def _is_own(extension: Mapping[str, Any]) -> bool:
    """Say whether no other operation of the description, `Things_ListNext`, gets the next page."""
    return "_" not in str(extension.get("operationName") or "")


def _speakeasy(listing: Listing, extension: Mapping[str, Any]) -> Setting | None:
    """Read `x-speakeasy-pagination`."""
    outputs = extension["outputs"]
    inputs = {item["type"]: item for item in extension.get("inputs", ())}
    queries = [outputs[name] for name in ("nextUrl", "nextCursor", "results") if name in outputs]
    setting: dict[str, Any] = {}
    if isinstance(outputs.get("results"), str):
        setting["items"] = outputs["results"]
    if extension["type"] == "url":
        setting = {"mode": "nextUrl", **setting, "next": outputs["nextUrl"]}
        return setting, queries, None
    if extension["type"] == "cursor":
        parameter = _named(listing, inputs["cursor"]["name"])
        setting |= {"mode": "cursor", "next": outputs["nextCursor"]}
    else:
        mode = "page" if "page" in inputs else "offset"
        parameter = _named(listing, inputs[mode]["name"])
        setting["mode"] = mode
    if parameter is None:
        return None
    return {**setting, "parameter": parameter.setting}, queries, parameter


def _fern(listing: Listing, extension: Mapping[str, Any]) -> Setting | None:
    """Read `x-fern-pagination`."""
    setting: dict[str, Any] = {}
    queries = []
    if "results" in extension:
        setting["items"] = _response_query(extension["results"])
        queries.append(setting["items"])
    following = extension.get("next_cursor") or extension.get("next_uri")
    if following is not None:
        setting["next"] = _response_query(following)
        queries.insert(0, setting["next"])
    if "next_uri" in extension:
        return {"mode": "nextUrl", **setting}, queries, None
    mode = "cursor" if "cursor" in extension else "offset"
    parameter = _named(listing, extension[mode].removeprefix("$request.").removeprefix("query."))
    if parameter is None:
        return None
    # Fern's `offset` is also what counts pages: only the parameter's name tells.
    if mode == "offset" and "page" in parameter.name:
        mode = "page"
    if "has-next-page" in extension:
        setting["more"] = _response_query(extension["has-next-page"])
        queries.append(setting["more"])
    setting = {"mode": mode, **setting, "parameter": parameter.setting}
    return setting, queries, parameter


def _response_query(text: str) -> str:
    """Translate `$response.page.next` into JSONPath: `$.page.next`."""
    return "$" + text.removeprefix("$response")


def _named(listing: Listing, name: str) -> Asked | None:
    return next((parameter for parameter in listing.parameters if parameter.written == name), None)


_READERS: Mapping[str, Callable[[Listing, Mapping[str, Any]], Setting | None]] = {
    "x-speakeasy-pagination": _speakeasy,
    "x-fern-pagination": _fern,
    "x-ms-pageable": _ms,
}
