"""Pagination inferred from descriptions: what is suggested, what speaks for it, what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from httptask._core.pointers import child, parts
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, Response
from httptask.model.exchange import Attempt, Exchange, Hop, RawResponse, SentRequest
from httptask.model.pagination import SuggestedPagination
from httptask.settings import (
    confirmed_by,
    suggested_pagination,
    suggestion_after,
    with_pagination,
)

DATA = Path(__file__).parent.parent / "data" / "pagination"

LIST = {"type": "array", "items": {"type": "object"}}
MAP = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Page"}}
TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def described(
    properties: dict[str, Any] | None = None,
    *,
    query: dict[str, Any] | None = None,
    headers: dict[str, Any] | None = None,
    method: str = "get",
    path: str = "/things",
    **operation: Any,
) -> Endpoint:
    """Return an endpoint that is read from a description with these parameters and fields; without
    fields the response is a list.
    """
    schema = LIST if properties is None else {"type": "object", "properties": properties}
    answer = {
        "description": "",
        "headers": headers or {},
        "content": {"application/json": {"schema": schema}},
    }
    parameters = [
        {"name": name, "in": "query", "schema": value} for name, value in (query or {}).items()
    ]
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://things.example"}],
        "paths": {
            path: {method: {"parameters": parameters, "responses": {"200": answer}, **operation}}
        },
        "x-fern-pagination": {
            "cursor": "$request.after",
            "next_cursor": "$response.page.after",
            "results": "$response.things",
        },
        "components": {
            "schemas": {
                "Page": {"allOf": [{"properties": {"next": {"type": "string", "format": "uri"}}}]},
                "Self": {"properties": {"meta": {"$ref": "#/components/schemas/Self"}}},
            }
        },
    }
    return read_api("things.json", data=json.dumps(root).encode()).endpoints[0]


def setting(endpoint: Endpoint) -> Any:
    suggestion = suggested_pagination(endpoint)
    return None if suggestion is None else suggestion.setting


IN_QUERY = {"in": "query"}
SUGGESTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a token in a body": (
        {
            "method": "post",
            "path": "/things/search",
            "properties": {"data": LIST, "nextPageToken": TEXT},
            "requestBody": {
                "content": {"application/json": {"schema": {"properties": {"pageToken": TEXT}}}}
            },
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.nextPageToken",
            "parameter": {"in": "body", "name": "pageToken"},
        },
    ),
    "a token": (
        {"properties": {"data": LIST, "nextPageToken": TEXT}, "query": {"pageToken": TEXT}},
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.nextPageToken",
            "parameter": {"in": "query", "name": "pageToken"},
        },
    ),
    "a token below": (
        {
            "properties": {
                "things": LIST,
                "response_metadata": {"properties": {"next_cursor": TEXT}},
            },
            "query": {"cursor": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.things",
            "next": "$.response_metadata.next_cursor",
            "parameter": {"in": "query", "name": "cursor"},
        },
    ),
    "a cursor that is called otherwise": (
        {"properties": {"data": LIST, "cursor": TEXT}, "query": {"after": TEXT}},
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.cursor",
            "parameter": {"in": "query", "name": "after"},
        },
    ),
    "a cursor among several": (
        {
            "properties": {"data": LIST, "cursors": {"properties": {"after": TEXT}}},
            "query": {"cursor": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.cursors.after",
            "parameter": {"in": "query", "name": "cursor"},
        },
    ),
    "a token beside a map": (
        {
            "properties": {"items": MAP, "unreachables": LIST, "nextPageToken": TEXT},
            "query": {"pageToken": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.items[*]",
            "next": "$.nextPageToken",
            "parameter": {"in": "query", "name": "pageToken"},
        },
    ),
    "a token beside the one object that holds the list": (
        {
            "properties": {"tagInfo": {"properties": {"tags": LIST}}, "NextMarker": TEXT},
            "query": {"NextMarker": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.tagInfo.tags",
            "next": "$.NextMarker",
            "parameter": {"in": "query", "name": "NextMarker"},
        },
    ),
    "a key of several parts in a body": (
        {
            "method": "post",
            "properties": {"Items": LIST, "LastEvaluatedKey": {"type": "object"}},
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {"properties": {"ExclusiveStartKey": {"type": "object"}}}
                    }
                }
            },
        },
        {
            "mode": "cursor",
            "items": "$.Items",
            "next": "$.LastEvaluatedKey",
            "parameter": {"in": "body", "name": "ExclusiveStartKey"},
        },
    ),
    "a list beside that of the errors": (
        {
            "properties": {"cats": LIST, "QueryErrors": LIST, "NextToken": TEXT},
            "query": {"NextToken": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.cats",
            "next": "$.NextToken",
            "parameter": {"in": "query", "name": "NextToken"},
        },
    ),
    "a URL among the details of a page": (
        {"properties": {"items": LIST, "pageDetails": {"properties": {"nextPageUrl": TEXT}}}},
        {"mode": "nextUrl", "items": "$.items", "next": "$.pageDetails.nextPageUrl"},
    ),
    "the first item and the most": (
        {"query": {"first": NUMBER, "max": NUMBER}},
        {"mode": "offset", "items": "$", "parameter": {"in": "query", "name": "first"}},
    ),
    "a URL": (
        {"properties": {"value": LIST, "@odata.nextLink": TEXT}},
        {"mode": "nextUrl", "items": "$.value", "next": "$['@odata.nextLink']"},
    ),
    "a URL of HAL": (
        {
            "properties": {
                "items": LIST,
                "_links": {"properties": {"next": {"properties": {"href": TEXT}}}},
            }
        },
        {"mode": "nextUrl", "items": "$.items", "next": "$._links.next.href"},
    ),
    "a URL behind references": (
        {"properties": {"results": LIST, "paging": {"$ref": "#/components/schemas/Page"}}},
        {"mode": "nextUrl", "items": "$.results", "next": "$.paging.next"},
    ),
    "a Link header": (
        {"headers": {"Link": {"schema": TEXT}}, "query": {"page": NUMBER, "per_page": NUMBER}},
        {"mode": "link", "items": "$"},
    ),
    "the last item": (
        {
            "properties": {"data": LIST, "has_more": FLAG},
            "query": {"starting_after": TEXT, "limit": NUMBER},
        },
        {
            "mode": "lastItem",
            "items": "$.data",
            "parameter": {"in": "query", "name": "starting_after"},
            "identity": "$.id",
            "more": "$.has_more",
        },
    ),
    "a page with a total": (
        {
            "properties": {"things": LIST, "meta": {"properties": {"total": NUMBER}}},
            "query": {"page": {"type": "integer", "minimum": 0}},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": {"in": "query", "name": "page"},
            "start": 0,
            "total": "$.meta.total",
        },
    ),
    "a page with a total that may be null": (
        {
            "properties": {
                "things": LIST,
                "meta": {
                    "oneOf": [{"type": "null"}, {"properties": {"total": NUMBER}}],
                },
            },
            "query": {"page": NUMBER},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": {"in": "query", "name": "page"},
            "total": "$.meta.total",
        },
    ),
    "a page with a total in a header": (
        {"headers": {"X-Total-Count": {"schema": NUMBER}}, "query": {"page": NUMBER}},
        {
            "mode": "page",
            "items": "$",
            "parameter": {"in": "query", "name": "page"},
            "total": "$.headers['x-total-count']",
        },
    ),
    "the next page in a header": (
        {"headers": {"X-Next-Page": {"schema": NUMBER}}, "query": {"page": NUMBER}},
        {
            "mode": "cursor",
            "items": "$",
            "next": "$.headers['x-next-page']",
            "parameter": {"in": "query", "name": "page"},
        },
    ),
    "a token in a header": (
        {
            "headers": {"nextPageToken": {"schema": TEXT}},
            "query": {"pageToken": TEXT, "rowCount": NUMBER},
        },
        {
            "mode": "cursor",
            "items": "$",
            "next": "$.headers['nextpagetoken']",
            "parameter": {"in": "query", "name": "pageToken"},
        },
    ),
    "a token from header to header": (
        {
            "properties": {"results": LIST},
            "headers": {"X-Next-Token": {"schema": TEXT}},
            "parameters": [{"name": "X-Next-Token", "in": "header", "schema": TEXT}],
        },
        {
            "mode": "cursor",
            "items": "$.results",
            "next": "$.headers['x-next-token']",
            "parameter": {"in": "header", "name": "X-Next-Token"},
        },
    ),
    "a cursor that next feeds": (
        {
            "properties": {
                "data": LIST,
                "next": {**TEXT, "description": "Cursor of the next page."},
            },
            "query": {"cursor": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.next",
            "parameter": {"in": "query", "name": "cursor"},
        },
    ),
    "a next URL of which nothing is said": (
        {
            "properties": {"results": LIST, "next": TEXT, "total": NUMBER},
            "query": {"limit": NUMBER},
        },
        {"mode": "nextUrl", "items": "$.results", "next": "$.next"},
    ),
    "a page alone": (
        {"properties": {"things": LIST}, "query": {"page": NUMBER}},
        {"mode": "page", "items": "$.things", "parameter": {"in": "query", "name": "page"}},
    ),
    "a page that is text": (
        {"query": {"page": {**TEXT, "description": "The collection page number"}}},
        {"mode": "page", "items": "$", "parameter": {"in": "query", "name": "page"}},
    ),
    "a page without the total of one form of several": (
        {
            "properties": {
                "data": LIST,
                "meta": {
                    "oneOf": [{"properties": {"total": NUMBER}}, {"properties": {"sum": NUMBER}}]
                },
            },
            "query": {"page": NUMBER},
        },
        {"mode": "page", "items": "$.data", "parameter": {"in": "query", "name": "page"}},
    ),
    "a page with whether there is more": (
        {
            "properties": {"cats": {"type": "array", "items": {}}, "has_next": FLAG},
            "query": {"page": TEXT},
        },
        {
            "mode": "page",
            "items": "$.cats",
            "parameter": {"in": "query", "name": "page"},
            "more": "$.has_next",
        },
    ),
    "an offset with the number of pages in a header": (
        {"headers": {"X-Pages": {"schema": NUMBER}}, "query": {"offset": NUMBER}},
        {"mode": "offset", "items": "$", "parameter": {"in": "query", "name": "offset"}},
    ),
    "a page inside an object": (
        {
            "properties": {"items": LIST, "total_count": NUMBER},
            "query": {
                "searchCriteria[filters][0][field]": TEXT,
                "searchCriteria[currentPage]": NUMBER,
            },
        },
        {
            "mode": "page",
            "items": "$.items",
            "parameter": {"in": "query", "name": "searchCriteria[currentPage]"},
            "total": "$.total_count",
        },
    ),
    "a start with a size": (
        {"query": {"start": NUMBER, "limit": NUMBER}},
        {"mode": "offset", "items": "$", "parameter": {"in": "query", "name": "start"}},
    ),
    "an offset with a total": (
        {"properties": {"data": LIST, "total": NUMBER}, "query": {"offset": NUMBER}},
        {
            "mode": "offset",
            "items": "$.data",
            "parameter": {"in": "query", "name": "offset"},
            "total": "$.total",
        },
    ),
    "the list that the path speaks of": (
        {
            "path": "/cats/search",
            "properties": {"cats": LIST, "owners": LIST, "total": NUMBER},
            "query": {"page": NUMBER},
        },
        {
            "mode": "page",
            "items": "$.cats",
            "parameter": {"in": "query", "name": "page"},
            "total": "$.total",
        },
    ),
    "an offset with a size": (
        {"query": {"$skip": NUMBER, "$top": NUMBER}},
        {"mode": "offset", "items": "$", "parameter": {"in": "query", "name": "$skip"}},
    ),
    "x-ms-pageable": (
        {
            "properties": {"widgets": LIST, "others": LIST, "more.link": TEXT},
            "x-ms-pageable": {"nextLinkName": "more\\.link", "itemName": "widgets"},
        },
        {"mode": "nextUrl", "items": "$.widgets", "next": "$['more.link']"},
    ),
    "x-ms-pageable of an action that reads": (
        {
            "method": "post",
            "path": "/stores/{name}/listKeys",
            "properties": {"value": LIST, "nextLink": TEXT},
            "x-ms-pageable": {"nextLinkName": "nextLink", "operationName": "listMore"},
        },
        {"mode": "nextUrl", "items": "$.value", "next": "$.nextLink", "nextMethod": "GET"},
    ),
    "a token of an action that x-ms-pageable gives a next URL, too": (
        {
            "method": "post",
            "path": "/runs:query",
            "properties": {"value": LIST, "nextLink": TEXT, "continuationToken": TEXT},
            "query": {"continuationToken": TEXT},
            "x-ms-pageable": {"nextLinkName": "nextLink"},
        },
        {
            "mode": "cursor",
            "items": "$.value",
            "next": "$.continuationToken",
            "parameter": {"in": "query", "name": "continuationToken"},
        },
    ),
    "x-speakeasy-pagination": (
        {
            "properties": {"rows": LIST, "after": TEXT},
            "query": {"from": TEXT},
            "x-speakeasy-pagination": {
                "type": "cursor",
                "inputs": [{"name": "from", "in": "parameters", "type": "cursor"}],
                "outputs": {"nextCursor": "$.after", "results": "$.rows"},
            },
        },
        {
            "mode": "cursor",
            "items": "$.rows",
            "next": "$.after",
            "parameter": {"in": "query", "name": "from"},
        },
    ),
    "x-fern-pagination of the description": (
        {
            "properties": {"things": LIST, "page": {"properties": {"after": TEXT}}},
            "query": {"after": TEXT},
            "x-fern-pagination": True,
        },
        {
            "mode": "cursor",
            "items": "$.things",
            "next": "$.page.after",
            "parameter": {"in": "query", "name": "after"},
        },
    ),
    "x-fern-pagination by pages": (
        {
            "properties": {"rows": LIST, "hasMore": FLAG},
            "query": {"page": NUMBER},
            "x-fern-pagination": {
                "offset": "$request.page",
                "results": "$response.rows",
                "has-next-page": "$response.hasMore",
            },
        },
        {
            "mode": "page",
            "items": "$.rows",
            "parameter": {"in": "query", "name": "page"},
            "more": "$.hasMore",
        },
    ),
    "x-fern-pagination by offsets": (
        {
            "properties": {"rows": LIST},
            "query": {"from": NUMBER},
            "x-fern-pagination": {"offset": "$request.from", "results": "$response.rows"},
        },
        {
            "mode": "offset",
            "items": "$.rows",
            "parameter": {"in": "query", "name": "from"},
        },
    ),
    "x-fern-pagination by URLs": (
        {
            "properties": {"rows": LIST, "following": TEXT},
            "x-fern-pagination": {
                "next_uri": "$response.following",
                "results": "$response.rows",
            },
        },
        {"mode": "nextUrl", "items": "$.rows", "next": "$.following"},
    ),
    "a page in the path": (
        {
            "path": "/things/{page}",
            "parameters": [{"name": "page", "in": "path", "required": True, "schema": NUMBER}],
            "properties": {"things": LIST, "hasMore": FLAG},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": {"in": "path", "name": "page"},
            "more": "$.hasMore",
        },
    ),
    "a token in a form": (
        {
            "method": "post",
            "properties": {"data": LIST, "next_cursor": TEXT},
            "requestBody": {
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {"properties": {"cursor": TEXT}}
                    }
                }
            },
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.next_cursor",
            "parameter": {"in": "body", "name": "cursor"},
        },
    ),
    "a token in headers of a vendor": (
        {
            "properties": {"data": LIST, "continuationToken": TEXT},
            "parameters": [{"name": "x-ms-continuation", "in": "header", "schema": TEXT}],
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.continuationToken",
            "parameter": {"in": "header", "name": "x-ms-continuation"},
        },
    ),
    "a token from a header of a vendor": (
        {
            "properties": {"paths": LIST},
            "query": {"continuation": TEXT},
            "headers": {"x-ms-continuation": {"schema": TEXT}},
        },
        {
            "mode": "cursor",
            "items": "$.paths",
            "next": "$.headers['x-ms-continuation']",
            "parameter": IN_QUERY | {"name": "continuation"},
        },
    ),
    "a token from a header, and a body that is not described": (
        {
            "responses": {"200": {"description": "", "headers": {"Next-Cursor": {"schema": TEXT}}}},
            "query": {"cursor": TEXT},
        },
        {
            "mode": "cursor",
            "next": "$.headers['next-cursor']",
            "parameter": IN_QUERY | {"name": "cursor"},
        },
    ),
    "a Link header, and a body that is not described": (
        {
            "responses": {"200": {"description": "", "headers": {"Link": {"schema": TEXT}}}},
            "query": {"page": NUMBER},
        },
        {"mode": "link"},
    ),
    "a Link header beside the id to begin after": (
        {"headers": {"Link": {"schema": TEXT}}, "query": {"since": NUMBER}},
        {"mode": "link", "items": "$"},
    ),
    "a URL in a header": (
        {
            "headers": {"x-next": {"description": "A link to the next page", "schema": TEXT}},
            "query": {"limit": NUMBER},
        },
        {"mode": "nextUrl", "items": "$", "next": "$.headers['x-next']"},
    ),
    "a URL beside that of the page itself": (
        {"properties": {"checks": LIST, "next": TEXT, "self": TEXT}},
        {"mode": "nextUrl", "items": "$.checks", "next": "$.next"},
    ),
    "a cursor that is a time": (
        {
            "properties": {"data": LIST, "next_cursor": {"type": "string", "format": "date-time"}},
            "query": {"cursor": {"type": "string", "format": "date-time"}},
        },
        {
            "mode": "cursor",
            "items": "$.data",
            "next": "$.next_cursor",
            "parameter": IN_QUERY | {"name": "cursor"},
        },
    ),
    "a short name of a page": (
        {
            "properties": {"things": LIST, "total": NUMBER},
            "query": {"p": {"type": "integer", "description": "The number of the result page."}},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": IN_QUERY | {"name": "p"},
            "total": "$.total",
        },
    ),
    "a page from zero, and a total that may be the number of pages": (
        {
            "properties": {"things": LIST, "page": {"properties": {"total": NUMBER}}},
            "query": {"page": {"type": "integer", "description": "Zero base page"}},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": IN_QUERY | {"name": "page"},
            "start": 0,
        },
    ),
    "an offset beside the start of a time": (
        {
            "properties": {"events": LIST, "total": NUMBER},
            "query": {"start": {"type": "string", "format": "date-time"}, "$skip": NUMBER},
        },
        {
            "mode": "offset",
            "items": "$.events",
            "parameter": IN_QUERY | {"name": "$skip"},
            "total": "$.total",
        },
    ),
    "a list with a name that otherwise stands beside": (
        {
            "path": "/#X-Target=ListFilters",
            "operationId": "ListFilters",
            "properties": {"Filters": LIST, "nextToken": TEXT},
            "query": {"nextToken": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.Filters",
            "next": "$.nextToken",
            "parameter": IN_QUERY | {"name": "nextToken"},
        },
    ),
    "a list whose name ends with the resource": (
        {
            "path": "/jobs/messages:search",
            "properties": {"jobMessages": LIST, "scalingEvents": LIST, "nextPageToken": TEXT},
            "query": {"pageToken": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.jobMessages",
            "next": "$.nextPageToken",
            "parameter": IN_QUERY | {"name": "pageToken"},
        },
    ),
    "a list beside that of what could not be reached": (
        {
            "properties": {"cats": LIST, "unreachableLocations": LIST, "nextPageToken": TEXT},
            "query": {"pageToken": TEXT},
        },
        {
            "mode": "cursor",
            "items": "$.cats",
            "next": "$.nextPageToken",
            "parameter": IN_QUERY | {"name": "pageToken"},
        },
    ),
    "a page that is ignored under a condition": (
        {
            "properties": {"things": LIST, "total": NUMBER},
            "query": {"page": {"type": "integer", "description": "Ignored if `all` is true."}},
        },
        {
            "mode": "page",
            "items": "$.things",
            "parameter": IN_QUERY | {"name": "page"},
            "total": "$.total",
        },
    ),
}


@pytest.mark.parametrize("name", SUGGESTED)
def test_a_description_suggests_a_pagination(name: str) -> None:
    """Each way in which descriptions speak of pages gives its setting."""
    description, expected = SUGGESTED[name]
    assert setting(described(**description)) == expected


NOT_SUGGESTED: dict[str, dict[str, Any]] = {
    "a page in the path that is the resource": {
        "path": "/pages/{page}",
        "parameters": [{"name": "page", "in": "path", "required": True, "schema": NUMBER}],
        "properties": {"links": LIST, "lines": LIST},
    },
    "a token in a header that says who asks": {
        "parameters": [{"name": "X-Acme-Token", "in": "header", "schema": TEXT}],
        "properties": {"data": LIST, "token": TEXT},
    },
    "a header that is no URL": {
        "headers": {"x-next": {"description": "The next billing date", "schema": TEXT}},
        "query": {"limit": NUMBER},
    },
    "a Link header beside a time to begin at": {
        "headers": {"Link": {"schema": TEXT}},
        "query": {"since": {"type": "string", "format": "date-time"}},
    },
    "a Link header without pages, and a body that is not described": {
        "responses": {"200": {"description": "", "headers": {"Link": {"schema": TEXT}}}},
    },
    "a short name that is no page": {
        "properties": {"things": LIST, "total": NUMBER},
        "query": {"p": {"type": "integer", "description": "The pressure."}},
    },
    "a page that is ignored": {
        "properties": {"things": LIST, "total": NUMBER},
        "query": {"page": {"type": "integer", "description": "Deprecated parameter, ignored."}},
    },
    "a token beside a map of names and values": {
        "path": "/tags",
        "properties": {"tags": MAP, "nextToken": TEXT},
        "query": {"nextToken": TEXT},
    },
    "messages beside one thing": {
        "properties": {"messages": LIST, "total": NUMBER},
        "query": {"page": NUMBER},
    },
    "no list": {"properties": {"id": NUMBER, "next": TEXT}, "query": {"page": NUMBER}},
    "no evidence": {"properties": {"data": LIST}, "query": {"filter": TEXT}},
    "a size alone": {"properties": {"data": LIST}, "query": {"limit": NUMBER}},
    "a token that nothing feeds": {"properties": {"data": LIST}, "query": {"pageToken": TEXT}},
    "a token that says who asks": {
        "properties": {"data": LIST, "token": TEXT},
        "query": {"token": {**TEXT, "description": "Your authentication token."}},
    },
    "plain values of one thing": {
        "properties": {"tags": {"type": "array", "items": TEXT}, "total": NUMBER},
        "query": {"page": NUMBER},
    },
    "a token that nothing takes": {"properties": {"data": LIST, "nextPageToken": TEXT}},
    "two lists": {
        "properties": {"cats": LIST, "dogs": LIST, "total": NUMBER},
        "query": {"page": NUMBER},
    },
    "two lists, one with a short name that is in another word": {
        "path": "/petitions/search",
        "properties": {"pet": LIST, "owners": LIST, "total": NUMBER},
        "query": {"page": NUMBER},
    },
    "a time after": {
        "properties": {"data": LIST, "after": TEXT},
        "query": {"after": {"type": "string", "format": "date-time"}},
    },
    "a time after, by another format": {
        "properties": {"data": LIST, "after": TEXT},
        "query": {"after": {"type": "string", "format": "unix-timestamp"}},
    },
    "the start and the end of a time": {
        "properties": {"results": LIST},
        "query": {"start": NUMBER, "end": NUMBER, "limit": NUMBER},
    },
    "one order with its lines": {
        "path": "/orders/{id}",
        "properties": {"lines": LIST, "links": {"properties": {"next": TEXT}}},
    },
    "one page, as its vendor says": {
        "properties": {"value": LIST, "nextLink": TEXT},
        "x-ms-pageable": {"nextLinkName": None},
    },
    "a deletion": {
        "method": "delete",
        "properties": {"data": LIST, "nextLink": TEXT},
        "query": {"page": NUMBER},
    },
    "a start without a size": {
        "properties": {"data": LIST, "total": NUMBER},
        "query": {"start": NUMBER},
    },
    "a page that is text, and may be one of a book": {
        "properties": {"data": LIST},
        "query": {"page": TEXT},
    },
    "a page in the body of what is made": {
        "method": "post",
        "properties": {"items": LIST},
        "requestBody": {
            "content": {"application/json": {"schema": {"properties": {"page": NUMBER}}}}
        },
    },
    "the page of a filter": {
        "properties": {"data": LIST, "total": NUMBER},
        "query": {"filter[page]": NUMBER, "range.start": NUMBER, "limit": NUMBER},
    },
    "what could not be reached": {
        "properties": {"items": {"type": "object"}, "unreachables": LIST, "nextPageToken": TEXT},
        "query": {"pageToken": TEXT},
    },
    "a map without a token": {
        "properties": {"items": MAP, "total": NUMBER},
        "query": {"page": NUMBER},
    },
    "a map of numbers": {
        "properties": {"items": {"additionalProperties": NUMBER}, "nextPageToken": TEXT},
        "query": {"pageToken": TEXT},
    },
    "the list of a part of one thing": {
        "properties": {"id": NUMBER, "division": {"properties": {"votes": LIST}}},
        "query": {"skip": NUMBER, "take": NUMBER},
    },
    "an object that no token is": {
        "method": "post",
        "properties": {"data": LIST, "position": {"type": "object"}},
        "requestBody": {
            "content": {
                "application/json": {"schema": {"properties": {"position": {"type": "object"}}}}
            }
        },
    },
    "an action that changes something": {
        "method": "post",
        "path": "/environments/{name}/resume",
        "properties": {"value": LIST, "nextLink": TEXT},
        "x-ms-pageable": {"nextLinkName": "nextLink"},
    },
    "an action whose next page another operation gets": {
        "method": "post",
        "path": "/getObjects",
        "properties": {"value": LIST, "nextLink": TEXT},
        "x-ms-pageable": {"nextLinkName": "nextLink", "operationName": "Objects_GetObjectsNext"},
    },
    "the first items alone": {"query": {"first": NUMBER}},
    "a schema in a circle": {"properties": {"meta": {"$ref": "#/components/schemas/Self"}}},
    "an extension that is none": {
        "properties": {"data": LIST},
        "x-speakeasy-pagination": {"type": "cursor", "inputs": [1], "outputs": None},
    },
}


@pytest.mark.parametrize("name", NOT_SUGGESTED)
def test_nothing_is_suggested_without_evidence(name: str) -> None:
    """What is no list, or does not say how it goes on, has no suggestion."""
    assert setting(described(**NOT_SUGGESTED[name])) is None


FED = [
    ("NextContinuationToken", "continuation-token"),  # Amazon S3
    ("LastEvaluatedTableName", "ExclusiveStartTableName"),  # DynamoDB
    ("meta.cursors.next", "cursor"),  # Apideck
    ("next_marker", "marker"),  # Box
    ("_scroll_id", "scroll_id"),  # Elasticsearch
    ("paging.cursors.after", "after"),  # Facebook
    ("paging.next.after", "after"),  # HubSpot
    ("metadata.continue", "continue"),  # Kubernetes
    ("NextPageMarker", "Marker"),  # Route 53 Domains
    ("iterator", "iterator"),  # Svix
    ("next_cursor", "start_cursor"),  # Notion
    ("pageInfo.endCursor", "after"),  # Relay
    ("cursor", "cursor"),  # Square
    ("meta.next_token", "pagination_token"),  # Twitter
    ("meta.after_cursor", "page[after]"),  # Zendesk
    *(
        ("nextToken", name)
        for name in (
            *("after", "afterCursor", "continuation", "continuationToken", "cursor", "marker"),
            *("next", "token"),
        )
    ),
    *(("cursor", name) for name in ("nextCursor", "pageCursor", "paginationCursor")),
    *(("marker", "nextMarker"), ("token", "pageToken"), ("page_token", "nextPageToken")),
]


@pytest.mark.parametrize(("field", "parameter"), FED)
def test_a_field_feeds_a_parameter_by_another_name(field: str, parameter: str) -> None:
    """As well known APIs call the two; and any word for a token is as good as another."""
    *above, last = field.split(".")
    properties: dict[str, Any] = {last: TEXT}
    for name in reversed(above):
        properties = {name: {"properties": properties}}
    endpoint = described({"data": LIST} | properties, query={parameter: TEXT})
    assert setting(endpoint) == {
        "mode": "cursor",
        "items": "$.data",
        "next": f"$.{field}",
        "parameter": IN_QUERY | {"name": parameter},
    }


LIST_NAMES = [
    *("items", "data", "results", "value", "values", "records", "entries", "elements", "list"),
    *("content", "contents", "rows", "objects", "hits", "resources", "collection", "docs"),
    *("documents", "entities", "members", "result_list", "itemList", "result", "edges", "nodes"),
    *("searchResults", "_embedded", "resource"),
]


def test_the_list_is_told_from_others_by_a_usual_name() -> None:
    """The more usual one of two; a list that answers always have beside is none."""
    usual = [*LIST_NAMES, "unusual"]
    for name, other in zip(LIST_NAMES, usual[1:], strict=True):
        endpoint = described({other: LIST, name: LIST, "total": NUMBER}, query={"page": NUMBER})
        assert setting(endpoint)["items"] == f"$.{name}"
    beside = described({"errors": LIST, "unusual": LIST, "total": NUMBER}, query={"page": NUMBER})
    assert setting(beside)["items"] == "$.unusual"


@pytest.mark.parametrize(
    "name",
    [
        *("searchResult", "query_results", "listResponse", "userList", "response_metadata"),
        *("resultsPagination", "cats_paging", "catsPageInfo", "catsPage", "cats_meta", "catsInfo"),
        *("catsLinks", "catsCollection", "catsOutput", "catSet"),
    ],
)
def test_an_envelope_is_opened(name: str) -> None:
    """An object whose name ends as those of envelopes do may hold what belongs to the pages."""
    properties = {"data": LIST, name: {"properties": {"total": NUMBER}}}
    endpoint = described(properties, query={"page": NUMBER})
    assert setting(endpoint)["total"] == f"$.{name}.total"
    other = described({"data": LIST, "owner": properties[name]}, query={"page": NUMBER})
    assert "total" not in setting(other)


@pytest.mark.parametrize(
    ("name", "schema", "start"),
    [
        ("page", {"default": 1}, None),
        ("page", {"minimum": 1}, None),
        ("page", {"default": 0}, 0),
        ("page", {"default": "0"}, 0),
        ("page", {"default": True, "minimum": 0}, 0),
        ("page", {"default": 7}, None),
        ("page", {"description": "Zero-based."}, 0),
        ("offset", {"default": 0}, None),
        ("offset", {"minimum": 1}, 1),
    ],
)
def test_where_pages_begin_is_set_where_it_is_unusual(
    name: str, schema: dict[str, Any], start: int | None
) -> None:
    """Pages begin at one and offsets at zero, unless the description says otherwise."""
    suggested = setting(described({"data": LIST, "total": NUMBER}, query={name: NUMBER | schema}))
    assert suggested.get("start") == start


def test_the_only_property_of_a_body_is_its_envelope() -> None:
    """Whatever its name is, and with whatever it holds."""
    inner = {"properties": {"cats": LIST, "total": NUMBER}}
    endpoint = described({"unusual": inner}, query={"page": NUMBER})
    assert setting(endpoint) == {
        "mode": "page",
        "items": "$.unusual.cats",
        "parameter": IN_QUERY | {"name": "page"},
        "total": "$.unusual.total",
    }


@pytest.mark.parametrize("name", ["page", "page_number", "current-page", "pageIndex", "p_num"])
@pytest.mark.parametrize("parent", ["links", "_links", "paging", "pagination", "meta", "page_info"])
def test_a_number_called_next_is_that_of_the_next_page(parent: str, name: str) -> None:
    """Among links it is one if it is a number; by its name it is one anywhere."""
    expected = {"mode": "cursor", "items": "$.data", "parameter": IN_QUERY | {"name": name}}
    below = {"data": LIST, parent: {"properties": {"next": NUMBER}}}
    assert setting(described(below, query={name: NUMBER})) == {
        **expected,
        "next": f"$.{parent}.next",
    }
    assert setting(described({"data": LIST, "nextPage": NUMBER}, query={name: NUMBER})) == {
        **expected,
        "next": "$.nextPage",
    }


def test_the_next_offset_feeds_the_offset() -> None:
    """By its name, or by that of the parameter; a URL feeds none."""
    offset = {"mode": "cursor", "items": "$.data", "parameter": IN_QUERY | {"name": "skip"}}
    for name in ("next_offset", "nextSkip"):
        endpoint = described({"data": LIST, name: NUMBER}, query={"skip": NUMBER})
        assert setting(endpoint) == {**offset, "next": f"$.{name}"}
    url = {"type": "string", "format": "uri"}
    endpoint = described({"data": LIST, "next_offset": url}, query={"skip": NUMBER, "top": NUMBER})
    assert setting(endpoint)["mode"] == "offset"


@pytest.mark.parametrize("status", ["200", "2XX", "206", "default"])
@pytest.mark.parametrize(
    "media_type", ["application/json", "application/hal+json; v=1", "*/*", "application/*"]
)
def test_the_list_is_that_of_success(status: str, media_type: str) -> None:
    """In JSON, or where it may be JSON; what else may come is another matter."""
    schema = {"type": "object", "properties": {"cats": LIST, "total": NUMBER}}
    error = {"type": "object", "properties": {"errors": LIST, "total": NUMBER}}

    def answer(schema: Any, name: str) -> dict[str, Any]:
        content = {"text/csv": {}, name: {"schema": schema}}
        return {"description": "", "content": content}

    responses = {"404": answer(error, "application/json"), status: answer(schema, media_type)}
    endpoint = described(query={"page": NUMBER}, responses=responses)
    assert setting(endpoint) == {
        "mode": "page",
        "items": "$.cats",
        "parameter": IN_QUERY | {"name": "page"},
        "total": "$.total",
    }
    text = {status: {"description": "", "content": {"text/csv": {"schema": schema}}}}
    assert setting(described(query={"page": NUMBER}, responses=text)) is None


@pytest.mark.parametrize(
    ("field", "parameter"),
    [("nextCursor", "scroll_id"), ("token", "cursor"), ("cursor", "marker"), ("id", "next_id")],
)
def test_a_field_feeds_no_parameter_of_another_kind(field: str, parameter: str) -> None:
    """Nor does one that is a token only beside a parameter of its name."""
    assert setting(described({"data": LIST, field: TEXT}, query={parameter: TEXT})) is None


@pytest.mark.parametrize("name", SUGGESTED)
def test_evidence_points_into_the_endpoint(name: str) -> None:
    """Each pointer leads to something in the endpoint's JSON, behind references too, and every
    suggestion has evidence in the response.
    """
    endpoint = described(**SUGGESTED[name][0])
    suggestion = suggested_pagination(endpoint)
    assert suggestion is not None
    assert "response" in {evidence.side for evidence in suggestion.evidence}
    for evidence in suggestion.evidence:
        value: Any = endpoint.to_json()
        for token in parts(evidence.pointer):
            value = child(value, token)
        assert value is not None, evidence


def test_a_suggestion_is_a_value_of_json() -> None:
    """It travels as JSON, and so do the extensions of an endpoint."""
    endpoint = described(**SUGGESTED["x-ms-pageable"][0])
    suggestion = suggested_pagination(endpoint)
    assert suggestion is not None
    assert suggestion.confirmed is None
    assert SuggestedPagination.from_json(json.loads(json.dumps(suggestion.to_json()))) == suggestion
    assert Endpoint.from_json(endpoint.to_json()).extensions == endpoint.extensions


def test_several_forms_of_a_list_are_a_list() -> None:
    """GitHub's list of stars has items of one of two forms, each in a list of its own."""
    endpoint = described(headers={"Link": {"schema": TEXT}}, query={"per_page": NUMBER})
    schema = {"anyOf": [LIST, {"type": "array", "items": TEXT}]}
    forms = Response(headers={"Link": {}}, content={"application/json": MediaType(schema)})
    assert setting(replace(endpoint, responses={"200": forms})) == {"mode": "link", "items": "$"}
    one = MediaType({"anyOf": [LIST, {"type": "object"}]})
    mixed = replace(forms, content={"application/json": one})
    assert setting(replace(endpoint, responses={"200": mixed})) is None


@pytest.mark.parametrize(
    ("name", "body", "headers", "confirmed", "reason"),
    [
        ("a token beside a map", {"items": {"eu": {}}, "nextPageToken": "x"}, {}, True, "$.next"),
        ("a token", {"data": [], "nextPageToken": "s3cret"}, {}, True, "has $.nextPageToken"),
        ("a token", {"data": [1], "nextPageToken": None}, {}, True, "this is the last page"),
        ("a token", {"data": [1]}, {}, False, "has no $.nextPageToken"),
        ("a token", {"items": [1]}, {}, False, "has no list at $.data"),
        ("a Link header", [1], {"link": '</2>; rel="next"'}, True, "Link header has next"),
        ("a Link header", [1], {"link": '</x>; rel="icon"'}, False, "Link header has icon"),
        ("a Link header", [1], {}, False, "has no Link header"),
        (
            "a Link header, and a body that is not described",
            {"cats": [1], "count": 1},
            {"link": '</2>; rel="next"'},
            True,
            "Link header has next",
        ),
        (
            "a Link header, and a body that is not described",
            {"cats": [1], "dogs": []},
            {"link": '</2>; rel="next"'},
            False,
            "has no list at $",
        ),
        ("an offset with a size", [1, 2], {}, True, "has a list of 2 items"),
        ("a page with a total in a header", [1], {"x-total-count": "9"}, True, "x-total-count"),
    ],
)
def test_an_answer_confirms_or_refutes(
    name: str, body: Any, headers: dict[str, str], confirmed: bool, reason: str
) -> None:
    """The first answer says whether the setting finds what it looks for; no token is repeated."""
    suggestion = suggested_pagination(described(**SUGGESTED[name][0]))
    assert suggestion is not None
    held = confirmed_by(suggestion, body, headers)
    assert held.confirmed is confirmed
    assert reason in held.reason
    assert "s3cret" not in held.reason


def exchange_with(response: RawResponse | None, outcome: str = "success") -> Exchange:
    request = SentRequest("GET", "https://things.example/things", (), b"")
    return Exchange((Attempt(1, (Hop(request, response, {}),), outcome),), outcome)


def test_a_suggestion_is_offered_after_a_successful_answer_in_json() -> None:
    """To a task of a described list that has no pagination; the header may come in parts, in any
    case.
    """
    headers = (("LINK", '</1>; rel="first"'), ("Link", '</2>; rel="next"'), ("Age", "1"))
    response = RawResponse("HTTP/1.1", 200, "OK", headers, b"[1]", [1], "json")
    exchange = exchange_with(response)
    endpoint = described(**SUGGESTED["a Link header"][0])
    suggestion = suggestion_after(exchange, endpoint, {})
    assert suggestion is not None
    assert suggestion.setting == {"mode": "link", "items": "$"}
    assert (suggestion.confirmed, suggestion.reason) == (
        True,
        "the response's Link header has first, next",
    )
    assert suggestion_after(exchange, None, {}) is None
    assert suggestion_after(exchange, endpoint, {"pagination": {"mode": "link"}}) is None
    assert suggestion_after(exchange, described(**NOT_SUGGESTED["no evidence"]), {}) is None
    assert suggestion_after(exchange_with(response, "client-error"), endpoint, {}) is None
    assert suggestion_after(exchange_with(None), endpoint, {}) is None
    text = replace(response, decoded="[1]", decoded_as="text")
    assert suggestion_after(exchange_with(text), endpoint, {}) is None


def test_a_suggestion_is_written_before_the_end_of_a_task() -> None:
    """The rest of the task stays as it is."""
    endpoint = described(**SUGGESTED["a Link header"][0])
    suggestion = suggested_pagination(endpoint)
    assert suggestion is not None
    task = {"type": "http", "end": True, "httpRequest": {}}
    assert list(with_pagination(task, suggestion).items()) == [
        ("type", "http"),
        ("httpRequest", {}),
        ("pagination", {"mode": "link", "items": "$"}),
        ("end", True),
    ]
    assert "pagination" not in task


def test_an_extension_that_names_what_is_not_described_suggests_nothing() -> None:
    """A field of the response, or a parameter; where no response is described, any field will do."""
    speakeasy = {
        "type": "cursor",
        "inputs": [{"name": "from", "in": "parameters", "type": "cursor"}],
        "outputs": {"nextCursor": "$.after"},
    }

    def suggested(query: str, **how: Any) -> Any:
        extension = {"x-speakeasy-pagination": speakeasy}
        return setting(described(query={query: TEXT}, **extension, **how))

    cursor = {"mode": "cursor", "next": "$.after", "parameter": IN_QUERY | {"name": "from"}}
    assert suggested("from", properties={"after": TEXT}) == cursor
    assert suggested("from", properties={"before": TEXT}) is None
    assert suggested("since", properties={"after": TEXT}) is None
    assert suggested("from", responses={"200": {"description": ""}}) == cursor


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        (
            {"type": "url", "outputs": {"nextUrl": "$.more", "results": "$.rows"}},
            {"mode": "nextUrl", "items": "$.rows", "next": "$.more"},
        ),
        (
            {
                "type": "offsetLimit",
                "inputs": [{"name": "from", "in": "parameters", "type": "offset"}],
                "outputs": {"results": "$.rows"},
            },
            {"mode": "offset", "items": "$.rows", "parameter": IN_QUERY | {"name": "from"}},
        ),
        (
            {
                "type": "offsetLimit",
                "inputs": [{"name": "from", "in": "parameters", "type": "page"}],
                "outputs": {"numPages": "$.pages"},
            },
            {"mode": "page", "parameter": IN_QUERY | {"name": "from"}},
        ),
    ],
)
def test_each_type_of_speakeasys_pagination_has_its_mode(
    extension: dict[str, Any], expected: dict[str, Any]
) -> None:
    """As Speakeasy documents them: by URL, by page or by offset."""
    endpoint = described(
        {"rows": LIST, "more": TEXT},
        query={"from": NUMBER},
        **{"x-speakeasy-pagination": extension},
    )
    assert setting(endpoint) == expected


def test_the_items_of_autorest_are_the_value() -> None:
    """Unless the extension names others; only what a GET lists has a next link."""
    described_link = {
        "properties": {"value": LIST, "others": LIST, "next": {"properties": {"link": TEXT}}},
        "x-ms-pageable": {"nextLinkName": "next.link"},
    }
    expected = {"mode": "nextUrl", "items": "$.value", "next": "$.next.link"}
    assert setting(described(**described_link)) == expected
    assert setting(described(method="post", **described_link)) is None


def table(name: str) -> list[dict[str, Any]]:
    """Return the cut-outs of real descriptions in a file; `tests/support/pagination_survey.py`
    chose them by a seed, and each was read by eye. `expected` is what the reader would write; null
    where the list cannot be paged.
    """
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def test_suggestions_for_real_operations_are_right() -> None:
    """Of 130 operations for which something was suggested, each suggestion is what a reader
    of the description would write: mode, parameter, next, items, total and all.
    """
    rows = table("suggested.jsonl")
    assert len(rows) == 130
    wrong = [row for row in rows if setting(Endpoint.from_json(row["endpoint"])) != row["expected"]]
    assert wrong == []


def test_nothing_is_suggested_for_real_operations_without_pages() -> None:
    """Thirty operations that are no list, or do not say how it goes on."""
    rows = table("not_suggested.jsonl")
    assert len(rows) == 30
    wrong = [row for row in rows if setting(Endpoint.from_json(row["endpoint"])) is not None]
    assert wrong == []


def paged(properties: dict[str, Any], **parameter: Any) -> Any:
    """Return what is suggested for pages by number of an endpoint with these fields."""
    return setting(described(properties, query={"page": NUMBER | parameter}))


def below(names: list[str], schema: Any) -> Any:
    for name in reversed(names):
        schema = {"properties": {name: schema}}
    return schema["properties"]


def in_all_of(schema: Any, layers: int) -> Any:
    for _ in range(layers):
        schema = {"allOf": [schema]}
    return schema


SCALARS = {f"a{number}": TEXT for number in range(500)}


def first_scalars(count: int) -> dict[str, Any]:
    return dict(list(SCALARS.items())[:count])


BOUNDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "names in a path": (
        {"data": LIST, **below(["result", "meta", "info", "total"], NUMBER)},
        {"data": LIST, **below(["result", "meta", "info", "page", "total"], NUMBER)},
    ),
    "fields": (
        {"data": LIST, **first_scalars(397), "total": NUMBER},
        {"data": LIST, **first_scalars(398), "total": NUMBER},
    ),
    "fields beside an envelope": (
        {"unusual": {"properties": {"data": LIST, "total": NUMBER}}, **first_scalars(19)},
        {"unusual": {"properties": {"data": LIST, "total": NUMBER}}, **first_scalars(20)},
    ),
    "schemas of one field": (
        {"data": LIST, "meta": in_all_of({"properties": {"total": NUMBER}}, 39)},
        {"data": LIST, "meta": in_all_of({"properties": {"total": NUMBER}}, 40)},
    ),
    "names in the path to the items": (
        {"total": NUMBER, **below(["result", "body", "data"], LIST)},
        {"total": NUMBER, **below(["result", "body", "response", "data"], LIST)},
    ),
    "objects that are opened": (
        {"data": LIST, "a": TEXT, "paging": {"properties": {"total": NUMBER}}},
        {"data": LIST, "a": TEXT, "owner": {"properties": {"total": NUMBER}}},
    ),
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_response_is_searched_as_far_as_this(bound: str) -> None:
    """The most that is looked at, and one more."""
    within, beyond = (paged(properties) for properties in BOUNDS[bound])
    assert "total" in within
    assert beyond is None or "total" not in beyond


def test_the_start_of_a_description_is_read() -> None:
    """Two thousand characters, in which the words may stand at the end."""
    words = " starts at zero"
    for size, start in ((2_000, 0), (2_001, None)):
        text = "x" * (size - len(words)) + words
        assert paged({"data": LIST, "total": NUMBER}, description=text).get("start") == start


@pytest.mark.parametrize(
    "words",
    [
        *("zero-based", "0-based", "zero based", "Zero-Indexed", "0 index", "zero-offset"),
        *("starts at 0", "starting with zero", "begins from 0", "start from zero"),
        *("The first page is zero", "first page is 0", "pages (0..N)"),
    ],
)
def test_words_that_say_that_pages_begin_at_zero(words: str) -> None:
    """As descriptions put it."""
    assert paged({"data": LIST, "total": NUMBER}, description=words)["start"] == 0


@pytest.mark.parametrize("words", ["a page", "10-based", "it starts at 01"])
def test_words_that_do_not(words: str) -> None:
    """Parts of other words and numbers say nothing."""
    assert "start" not in paged({"data": LIST, "total": NUMBER}, description=words)


@pytest.mark.parametrize(
    "words",
    [
        *("The URL", "a URI", "urls", "uris", "the link", "an href", "http", "https"),
        *("a hyperlink", "the relative path", "an endpoint", "see http://a.example"),
    ],
)
def test_a_next_that_is_described_as_a_url_is_one(words: str) -> None:
    """A GET of it gives the next page."""
    fields = {"data": LIST, "next": TEXT | {"description": f"{words} or token"}}
    expected = {"mode": "nextUrl", "items": "$.data", "next": "$.next"}
    assert setting(described(fields)) == expected
    assert setting(described(fields, method="post")) is None


@pytest.mark.parametrize("schema_format", ["uri", "uri-reference", "url"])
def test_a_next_in_the_format_of_a_url_is_one(schema_format: str) -> None:
    """Also if a word for a token describes it."""
    fields = {"data": LIST, "next": TEXT | {"format": schema_format, "description": "a token"}}
    assert setting(described(fields)) == {"mode": "nextUrl", "items": "$.data", "next": "$.next"}


@pytest.mark.parametrize("words", ["token", "a Cursor", "opaque", "an identifier", "the key"])
@pytest.mark.parametrize("other", ["previous", "prev", "x"])
def test_a_next_that_is_described_as_a_token_is_no_url(words: str, other: str) -> None:
    """Without such a word, a field for the page before tells that both are URLs."""
    fields = {"data": LIST, other: TEXT, "next": TEXT}
    by_url = {"mode": "nextUrl", "items": "$.data", "next": "$.next"}
    assert setting(described(fields)) == (None if other == "x" else by_url)
    fields["next"] = TEXT | {"description": words}
    assert setting(described(fields)) is None


@pytest.mark.parametrize("parent", ["links", "_links", "link", "urls", "page_links"])
def test_a_next_among_links_is_a_url(parent: str) -> None:
    """By the name of the object that it stands in; a number there is none."""
    fields = {"data": LIST, **below([parent, "next"], TEXT)}
    found = setting(described(fields))
    is_opened = parent != "urls"
    expected = {"mode": "nextUrl", "items": "$.data", "next": f"$.{parent}.next"}
    assert found == (expected if is_opened else None)
    assert setting(described({"data": LIST, **below([parent, "next"], NUMBER)})) is None


@pytest.mark.parametrize("name", ["after", "next", "position"])
@pytest.mark.parametrize("words", ["date", "a time", "timestamp", "ISO8601", "ISO 8601", "epoch"])
def test_a_point_in_time_is_no_token(name: str, words: str) -> None:
    """By its format whatever its name is, by its description for names that may be either."""
    fields = {"data": LIST, name: TEXT}
    by_token = {"mode": "cursor", "items": "$.data", "next": f"$.{name}"}
    by_token["parameter"] = IN_QUERY | {"name": name}
    assert setting(described(fields, query={name: TEXT})) == by_token
    for more in ({"description": words}, {"format": "date"}, {"format": "date-time"}):
        assert setting(described(fields, query={name: TEXT | more})) != by_token
    called = described(
        {"data": LIST, "cursor": TEXT}, query={"cursor": TEXT | {"description": words}}
    )
    assert setting(called)["mode"] == "cursor"


@pytest.mark.parametrize("words", ["a token", "the cursor", "as in the response"])
def test_an_offset_that_is_a_token_is_no_number(words: str) -> None:
    """A text that is described so; a number is one whatever its description says."""
    fields = {"data": LIST, "total": NUMBER}
    for schema, is_offset in ((TEXT, False), (NUMBER, True)):
        query = {"offset": schema | {"description": words}, "limit": NUMBER}
        assert (setting(described(fields, query=query)) is not None) == is_offset
    assert setting(described(fields, query={"offset": TEXT, "limit": NUMBER}))["mode"] == "offset"


@pytest.mark.parametrize("other", ["end", "stop", "to", "duration", "x"])
def test_a_start_that_has_an_end_is_a_span_of_time(other: str) -> None:
    """And no offset, which needs a size beside it."""
    fields = {"data": LIST, "total": NUMBER}
    query = {"start": NUMBER, other: TEXT, "limit": NUMBER}
    found = setting(described(fields, query=query))
    assert (found is not None) == (other == "x")
    assert setting(described(fields, query={"start": NUMBER})) is None


@pytest.mark.parametrize(
    "schema", [NUMBER, TEXT, {"type": "number"}, {}, {"type": ["integer", "null"]}]
)
def test_a_total_is_a_number_or_is_written_as_one(schema: dict[str, Any]) -> None:
    """Nothing else of that name is one; a header may say it, too."""
    assert paged({"data": LIST, "total": schema})["total"] == "$.total"
    for other in (FLAG, {"type": "object"}, {"type": "array", "items": {}}):
        assert "total" not in (paged({"data": LIST, "total": other}) or {})
    headers = {"X-Total-Count": {"schema": NUMBER}}
    endpoint = described({"data": LIST}, headers=headers, query={"page": NUMBER})
    assert setting(endpoint)["total"] == "$.headers['x-total-count']"


@pytest.mark.parametrize(("schema", "is_flag"), [(FLAG, 1), (NUMBER, 0), ({}, 0)])
def test_more_is_asked_for_by_a_flag(schema: dict[str, Any], is_flag: bool) -> None:
    """What is not plainly one might be a number of further items."""
    found = paged({"data": LIST, "total": NUMBER, "has_more": schema})
    assert found.get("more") == ("$.has_more" if is_flag else None)


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "object"])
def test_a_list_of_plain_values_is_a_part_of_one_resource(kind: str) -> None:
    """Unless it is called as lists are, or as what was asked for."""
    values = {"type": "array", "items": {"type": kind}}
    assert (paged({"unusual": values, "total": NUMBER}) is not None) == (kind == "object")
    for name in ("data", "things"):
        assert paged({name: values, "total": NUMBER})["items"] == f"$.{name}"


@pytest.mark.parametrize(
    "group", ["filter", "filters", "fields", "where", "sort", "range", "myFilter"]
)
def test_a_member_of_a_filter_is_no_parameter_of_pages(group: str) -> None:
    """As in `filter[page]`; in `search[page]` it is one."""
    fields = {"data": LIST, "total": NUMBER}
    assert setting(described(fields, query={f"{group}[page]": NUMBER})) is None
    assert (
        setting(described(fields, query={"search[page]": NUMBER}))["parameter"]["name"]
        == "search[page]"
    )


def test_a_header_may_ask_for_a_page() -> None:
    """With or without `X-`; a cookie or a part of the path does not."""
    for location, name, is_asked in (
        ("header", "X-Page", True),
        ("header", "Page", True),
        ("query", "page", True),
        ("query", "x-page", False),
        ("cookie", "page", False),
    ):
        parameters = [{"name": name, "in": location, "schema": NUMBER}]
        endpoint = described({"data": LIST, "total": NUMBER}, parameters=parameters)
        found = setting(endpoint)
        assert (found is not None) == is_asked
        assert found is None or found["parameter"] == {"in": location, "name": name}
