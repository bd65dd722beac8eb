"""Infer the `pagination` of an endpoint from its description.

Nothing is invented: a suggestion needs the items in the response, and evidence of how the next page
is requested. The rules are tried from the strongest evidence to the weakest: a vendor's extension,
a token and the parameter that takes it, a next URL, a documented `Link` header, the last item, a
page number, and a text named next.
"""

from __future__ import annotations

import re
from typing import Any

from httptask.model.api import Endpoint
from httptask.model.pagination import Evidence, SuggestedPagination
from httptask.settings.paging import _names as names
from httptask.settings.paging._extensions import of_extensions
from httptask.settings.paging._fields import Field
from httptask.settings.paging._listing import Asked, Listing, response_evidence

_URL_WORDS = re.compile(r"\b(?:ur[li]s?|link|href|https?|hyperlink|relative path|endpoint)\b")
_TOKEN_WORDS = re.compile(r"\b(?:token|cursor|opaque|identifier|key)\b")
_FROM_ZERO = re.compile(
    r"\b(?:zero|0)[- ](?:based?|index\w*|offset)|(?:start|begin)\w* (?:at|with|from) (?:zero|0)\b"
    r"|\bfirst page is (?:zero|0)\b|\(0\.\.n\)",
)
_NEXT_WORDS = re.compile(r"\bpagina|\bnext\b|\bpages?\b|\brel=")
_LINKS = frozenset(
    [
        "links",
        "link",
        "hal",
        "paging",
        "pagination",
        "pages",
        "meta",
        "metadata",
        "pageinfo",
        "hrefs",
    ]
)


def suggested_pagination(endpoint: Endpoint) -> SuggestedPagination | None:
    """Return the `pagination` that *endpoint*'s description suggests; None without evidence."""
    if endpoint.method not in ("GET", "POST"):
        return None
    listing = Listing.of(endpoint)
    by_extension = of_extensions(listing)
    if by_extension is not None and not by_extension.setting:
        return None
    # To repeat the POST with a token is more certain than to GET the next URL.
    if by_extension is not None and "nextMethod" not in by_extension.setting:
        return by_extension
    return _by_rules(listing) or by_extension


def _by_rules(listing: Listing) -> SuggestedPagination | None:
    """Return what the names and texts of the description suggest."""
    items = listing.items
    if not listing.has_body:
        # A task without `items` reads the only list in the body.
        return _link_header(listing, None) or _token_pair(listing, None)
    if items is None:
        # Only a token tells a map that goes on from one resource.
        members = listing.map_of_items
        return None if members is None else _token_pair(listing, members)
    rules = (_token_pair, _next_url, _link_header, _last_item, _number, _next_text)
    for rule in rules:
        suggestion = rule(listing, items)
        if suggestion is not None:
            return None if _is_one_resource(listing, items, suggestion) else suggestion
    return None


def _is_one_resource(listing: Listing, items: Field, suggestion: SuggestedPagination) -> bool:
    """Say whether the next link more likely belongs to one resource that contains a list.

    So it is for `/orders/{id}` without any parameter about pages.
    """
    if any(evidence.side == "request" for evidence in suggestion.evidence):
        return False
    if listing.is_inside_resource(items):
        return True
    is_plainly_a_list = items.name in names.LIST_FIELDS and items.name != "data"
    return listing.endpoint.path.rstrip("/").endswith("}") and not is_plainly_a_list


def _token_pair(listing: Listing, items: Field | None) -> SuggestedPagination | None:
    """Suggest by a parameter for a token, and the response field or header that supplies it."""
    for parameter in sorted(listing.parameters, key=lambda parameter: parameter.name == "token"):
        is_number = parameter.name in names.PAGE_PARAMETERS | names.OFFSET_PARAMETERS
        if parameter.name not in names.TOKEN_PARAMETERS and not is_number:
            continue
        if not parameter.field.may_be(*_token_types(parameter)) or _is_time(parameter):
            continue
        if parameter.name == "token" and "auth" in parameter.field.text:
            continue  # here the token authenticates the caller
        token = _next_number(listing, parameter) if is_number else _token(listing, parameter)
        header = None
        if token is None:
            header = _header_token(listing, parameter)
        if token is not None:
            next_query, next_evidence = token.query, response_evidence(token)
        elif header is not None:
            next_query, next_evidence = (
                listing.header_query(header),
                listing.header_evidence(header),
            )
        else:
            continue
        setting = {
            "mode": "cursor",
            **({} if items is None else {"items": items.items_query}),
            "next": next_query,
            "parameter": parameter.setting,
        }
        return _with_more(listing, setting, [parameter.evidence, next_evidence, *_of_items(items)])
    return None


def _token_types(parameter: Asked) -> tuple[str, ...]:
    """Return the types of a token for *parameter*: also an object in a body, as for DynamoDB."""
    if parameter.location == "body":
        return (*_PLAIN_TOKEN, "object")
    return _PLAIN_TOKEN


_PLAIN_TOKEN = ("string", "integer", "number")


def _header_token(listing: Listing, parameter: Asked) -> str | None:
    """Return the plain name of the response header that supplies the token for *parameter*."""
    if parameter.name in names.PAGE_PARAMETERS:
        return listing.header(names.NEXT_PAGE_HEADERS)
    if parameter.name not in names.TOKEN_PARAMETERS:
        return None
    for header, (written, _) in listing.headers.items():
        field_name = names.plain_header(written)
        if field_name in names.TOKEN_FIELDS and names.fits_token(parameter.name, (field_name,)):
            return header
    return None


def _token(listing: Listing, parameter: Asked) -> Field | None:
    """Return the response field that supplies the token for *parameter*."""
    for field in listing.fields[1:]:
        if not field.may_be(*_token_types(parameter)) or "array" in field.types:
            continue
        is_object = "object" in field.types
        if is_object != ("object" in parameter.field.types):
            continue
        if is_object and field.name not in names.TOKEN_FIELDS:
            continue
        if not names.fits_token(parameter.name, field.path):
            continue
        # A URL is requested as it is; it is no value of a parameter.
        if field.name in ("next", "nextpage") and _is_url(listing, field):
            continue
        return field
    return None


def _next_number(listing: Listing, parameter: Asked) -> Field | None:
    """Return the response field with the number of the next page or the next offset."""
    unit = "page" if parameter.name in names.PAGE_PARAMETERS else "offset"
    for field in listing.fields[1:]:
        is_named = field.name in (f"next{unit}", f"next{parameter.name}")
        is_plain = field.may_be("integer", "number", "string") and not _is_url(listing, field)
        if is_named and is_plain:
            return field
        if (
            field.name == "next"
            and field.parent_name in _LINKS
            and field.types & {"integer", "number"}
        ):
            return field
    return None


def _is_time(parameter: Asked) -> bool:
    """Say whether *parameter* is a point in time rather than a token or number."""
    schema_format = parameter.field.keywords.get("format")
    if isinstance(schema_format, str) and schema_format.startswith("date"):
        return "cursor" not in parameter.name
    words = parameter.field.text
    return parameter.name in ("after", "next", "position") and bool(
        re.search(r"\b(?:date|time|timestamp|iso ?8601|epoch)\b", words)
    )


def _is_url(listing: Listing, field: Field) -> bool:
    """Say whether the field `next` is a URL, by its own description or else by the fields
    beside it.
    """
    if field.types and "string" not in field.types:
        return False
    text = field.text
    if field.keywords.get("format") in ("uri", "uri-reference", "url") or "http" in text:
        return True
    if _TOKEN_WORDS.search(text) and not _URL_WORDS.search(text):
        return False
    if _URL_WORDS.search(text):
        return True
    siblings = {other.name for other in listing.fields if other.path[:-1] == field.path[:-1]}
    beside_urls = bool(siblings & {"previous", "prev", "self"})
    return field.parent_name.endswith(("links", "link", "urls")) or beside_urls


def _next_url(listing: Listing, items: Field) -> SuggestedPagination | None:
    """Suggest by a field with the URL of the next page.

    Only for GET: for a POST, no description says what to send to that URL.
    """
    if listing.endpoint.method != "GET":
        return None
    for field in listing.fields[1:]:
        is_named = field.name in names.URL_FIELDS
        is_next = field.name in ("next", "nextpage") and _is_url(listing, field)
        is_href = field.name in ("href", "url", "uri") and field.parent_name in (
            "next",
            "nextpage",
            "nextlink",
        )
        if not (is_named or is_next or is_href) or not field.may_be("string"):
            continue
        if field.types and "string" not in field.types:
            continue
        return _by_url(listing, items, field)
    return _next_url_header(listing, items)


def _next_url_header(listing: Listing, items: Field) -> SuggestedPagination | None:
    """Suggest by a response header with the URL of the next page."""
    header = listing.header(names.NEXT_URL_HEADERS)
    request = _of_request(listing)
    if header is None or not request:
        return None
    if not _URL_WORDS.search(str(listing.headers[header][1]).lower()):
        return None
    setting = {
        "mode": "nextUrl",
        "items": items.query,
        "next": listing.header_query(header),
    }
    evidence = (*request, listing.header_evidence(header), *_of_items(items))
    return SuggestedPagination(setting, evidence)


def _by_url(listing: Listing, items: Field, field: Field) -> SuggestedPagination:
    """Return the suggestion to follow the URL in *field*."""
    setting = {
        "mode": "nextUrl",
        "items": items.query,
        "next": field.query,
    }
    evidence = (*_of_request(listing), response_evidence(field), *_of_items(items))
    return SuggestedPagination(setting, evidence)


def _link_header(listing: Listing, items: Field | None) -> SuggestedPagination | None:
    """Suggest by a documented `Link` header (RFC 8288) about pages."""
    if listing.endpoint.method != "GET" or "link" not in listing.headers:
        return None
    request = _of_request(listing) or _since_evidence(listing)
    words = str(listing.headers["link"][1]).lower()
    if not request and (items is None or not _NEXT_WORDS.search(words)):
        return None
    setting = {"mode": "link", **({} if items is None else {"items": items.query})}
    evidence = (*request, listing.header_evidence("link"), *_of_items(items))
    return SuggestedPagination(setting, evidence)


def _since_evidence(listing: Listing) -> tuple[Evidence, ...]:
    """Return evidence of a parameter `since` that is a number: the id of an item, and no time."""
    parameter = listing.parameter(["since"])
    is_number = parameter is not None and bool(parameter.field.types & {"integer", "number"})
    if parameter is not None and is_number:
        return (parameter.evidence,)
    return ()


def _last_item(listing: Listing, items: Field) -> SuggestedPagination | None:
    """Suggest in Stripe's way: the id of the last item requests the page after it."""
    parameter = listing.parameter(names.LAST_ITEM_PARAMETERS)
    more_field = listing.field(names.MORE_FIELDS, "boolean")
    if parameter is None or more_field is None:
        return None
    setting = {
        "mode": "lastItem",
        "items": items.query,
        "parameter": parameter.setting,
        "identity": "$.id",
        "more": more_field.query,
    }
    evidence = (parameter.evidence, response_evidence(more_field), *_of_items(items))
    return SuggestedPagination(setting, evidence)


def _number(listing: Listing, items: Field) -> SuggestedPagination | None:
    """Suggest by a page number or an offset, with a total, a page size, or a number of pages."""
    if not listing.is_of_items(items):
        return None
    size = listing.parameter(names.SIZE_PARAMETERS)
    most = listing.parameter(["max"])
    for mode, parameter_names, its_size in (
        ("page", names.PAGE_PARAMETERS | _short_page_names(listing), size),
        ("offset", names.OFFSET_PARAMETERS, size),
        # Beside `max`, `first` is the index of the first item (Keycloak), and no size.
        ("offset", frozenset[str]() if most is None else frozenset(["first"]), most),
    ):
        for parameter in listing.parameters_named(parameter_names):
            suggestion = _by_number(listing, items, mode, parameter, its_size)
            if suggestion is not None:
                return suggestion
    return None


def _short_page_names(listing: Listing) -> frozenset[str]:
    """Return `p` and `pg` if their descriptions say that they are pages."""
    return frozenset(
        parameter.name
        for parameter in listing.parameters
        if parameter.name in ("p", "pg") and re.search(r"\bpages?\b", parameter.field.text)
    )


def _by_number(
    listing: Listing, items: Field, mode: str, parameter: Asked, size: Asked | None
) -> SuggestedPagination | None:
    """Return the suggestion to count pages or items with *parameter*, beside the page *size*."""
    if not parameter.field.may_be("integer", "number", "string"):
        return None
    if _is_time(parameter) or not _is_a_number(listing, parameter):
        return None
    setting: dict[str, Any] = {
        "mode": mode,
        "items": items.query,
        "parameter": parameter.setting,
    }
    start = _start(parameter)
    if start is not None and start != (1 if mode == "page" else 0):
        setting["start"] = start
    evidence = [parameter.evidence, *([size.evidence] if size is not None else [])]
    page_evidence = _of_pages(listing, setting)
    if page_evidence is None:
        is_page = size is not None or _is_page_of_list(listing, parameter, items)
        if not is_page or parameter.location == "path" or listing.is_inside_resource(items):
            return None
    if mode == "offset" and parameter.name == "start" and size is None:
        return None
    evidence += [page_evidence] if page_evidence is not None else []
    return _with_more(listing, setting, [*evidence, *_of_items(items)])


def _of_pages(listing: Listing, setting: dict[str, Any]) -> Evidence | None:
    """Return the response's evidence of pages: a total, a number of pages, or whether there are
    more.

    The query of a total is added to *setting*.
    """
    total = _total(listing, setting)
    if total is not None:
        return total
    field = listing.field(names.PAGES_FIELDS | names.MORE_FIELDS)
    if field is not None:
        return response_evidence(field)
    header = listing.header(names.PAGES_HEADERS)
    return None if header is None else listing.header_evidence(header)


def _next_text(listing: Listing, items: Field) -> SuggestedPagination | None:
    """Suggest by a text field `next` whose description does not speak of a token.

    Beside a total, and if no parameter takes it, it is a URL.
    """
    if listing.endpoint.method != "GET" or not _of_request(listing):
        return None
    for field in listing.fields[1:]:
        siblings = {other.name for other in listing.fields if other.path[:-1] == field.path[:-1]}
        is_text = field.types == {"string"} and not _TOKEN_WORDS.search(field.text)
        if field.name == "next" and is_text and siblings & names.TOTAL_FIELDS:
            return _by_url(listing, items, field)
    return None


def _is_page_of_list(listing: Listing, parameter: Asked, items: Field) -> bool:
    """Say whether the name of *parameter* alone makes it a page number, without other evidence of
    pages.

    So it does for a GET of a list that is the body itself, or has the name of what is
    requested.
    """
    is_list = not items.path or listing.is_called(items)
    types, text = parameter.field.types, parameter.field.text
    is_number = bool(types & {"integer", "number"}) or "page number" in text
    is_page = parameter.name in names.PAGE_PARAMETERS and parameter.location == "query"
    return listing.endpoint.method == "GET" and is_page and is_number and is_list


def _is_a_number(listing: Listing, parameter: Asked) -> bool:
    """Say whether *parameter* counts: not if `offset` is a token, or `start` the beginning of a
    time span.
    """
    words = r"\btoken|\bcursor|\bin the response"
    if parameter.field.types == {"string"} and re.search(words, parameter.field.text):
        return False
    return parameter.name != "start" or listing.parameter(("end", "stop", "to", "duration")) is None


def _total(listing: Listing, setting: dict[str, Any]) -> Evidence | None:
    """Add the query of the total to *setting*, and return its evidence.

    `total` of an object `page` or `pages` may be the number of pages, so it is left out.
    """
    field = listing.field(names.TOTAL_FIELDS, "integer", "number", "string")
    if field is not None and field.name == "total" and field.parent_name in ("page", "pages"):
        return response_evidence(field)
    if field is not None:
        setting["total"] = field.query
        return response_evidence(field)
    header = listing.header(names.TOTAL_HEADERS)
    if header is None:
        return None
    setting["total"] = listing.header_query(header)
    return listing.header_evidence(header)


def _start(parameter: Asked) -> int | None:
    """Return the first page number or offset, if the description says it."""
    keywords = parameter.field.keywords
    if _FROM_ZERO.search(parameter.field.text):
        return 0
    for name in ("default", "minimum"):
        value = keywords.get(name)
        if isinstance(value, str) and value in ("0", "1"):
            value = int(value)
        if isinstance(value, int | float) and value in (0, 1) and not isinstance(value, bool):
            return int(value)
    return None


def _with_more(
    listing: Listing, setting: dict[str, Any], evidence: list[Evidence]
) -> SuggestedPagination:
    """Return the suggestion, with the query of `more` if the response has such a field."""
    more = listing.field(names.MORE_FIELDS, "boolean")
    if more is not None and more.types:
        setting["more"] = more.query
        evidence.append(response_evidence(more))
    return SuggestedPagination(setting, tuple(dict.fromkeys(evidence)))


def _of_request(listing: Listing) -> tuple[Evidence, ...]:
    """Return evidence of the first parameter about pages: a token, a page, an offset, a size."""
    parameter_names = (
        names.TOKEN_PARAMETERS
        | names.PAGE_PARAMETERS
        | names.OFFSET_PARAMETERS
        | names.SIZE_PARAMETERS
    )
    parameter = listing.parameter(parameter_names)
    if parameter is None:
        return ()
    return (parameter.evidence,)


def _of_items(items: Field | None) -> tuple[Evidence, ...]:
    """Return evidence of the items, if the description has them."""
    if items is None:
        return ()
    return (response_evidence(items, ", the items" if items.path else ""),)
