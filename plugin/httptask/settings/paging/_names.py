"""Names that descriptions use for parts of a pagination, in lower case and without punctuation."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[^a-z0-9]+")


def plain(name: str) -> str:
    """Return *name* in lower case without punctuation: `page[size]` is `pagesize`."""
    return _PUNCTUATION.sub("", name.lower())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOKEN_PARAMETERS = _words(
    """
    pagetoken nextpagetoken nexttoken token cursor nextcursor pagecursor after aftercursor
    pageafter marker nextmarker startmarker continuationtoken continuationtokenparam
    continuation continue paginationtoken paginationkey next nextpage pageid nextpageid
    scrollid scroll scrolltoken startingtoken starttoken position nextkey startkey
    exclusivestartkey pagekey cursormark startcursor startafter fromtoken skiptoken bookmark
    pagestate nextid startfrom exclusivestarttablename exclusivestartbackuparn
    exclusivestartstreamarn exclusivestartshardid nextpagecursor paginationcursor
    pagecontinuation resumptiontoken sequencetoken pagingtoken searchafter pagestart synctoken
    iterator pagepointer nextpagepointer searchpointer lastoffset
    """
)
"""Parameters that take a token. The response must have a field that supplies it."""

TOKEN_FIELDS = _words(
    """
    nextpagetoken nexttoken nextcursor nextpagecursor endcursor continuationtoken
    nextcontinuationtoken continuation continue paginationtoken nextpaginationtoken nextmarker
    nextpageid scrollid nextscrollid nextkey nextpagekey nextbookmark bookmark
    nextpositiontoken lastevaluatedtablename lastevaluatedbackuparn lastevaluatedstreamarn
    lastevaluatedkey lastevaluatedshardid nextcursormark nextid nextstartingtoken
    nextstarttoken skiptoken nextskiptoken pagestate nextpagestate nextafter nextsearchafter
    resumptiontoken cursornext aftercursor pagingtoken nextpagemarker
    """
)
"""Fields of a response whose name alone says that they are tokens."""

SAME_NAME_FIELDS = _words(
    """
    cursor marker token after position pagetoken pagecursor scrollid next nextpage iterator
    """
)
"""Fields that are tokens only for a parameter with the same or a similar name."""

URL_FIELDS = _words(
    """
    nextlink odatanextlink nexturl nexturi nextpageurl nextpagelink nextpageuri nexthref
    nextpagehref nextpagepath nextpath nextrecordsurl linknext hrefnext nextpageresults
    """
)
"""Fields of a response whose name alone says that they are URLs."""

PAGE_PARAMETERS = _words(
    """
    page pagenumber pageno pagenum pagenr currentpage pageindex pnum paginatepage
    """
)
OFFSET_PARAMETERS = _words(
    """
    offset skip startindex startat pageoffset resultoffset startoffset firstresult
    startposition startrow startrecord start recordindex
    """
)
PATH_PARAMETERS = _words(
    """
    page pagenumber pageno pagenum pageindex offset skip startindex
    pagetoken nextpagetoken pagecursor cursor nextcursor continuationtoken
    """
)
"""Parameters that may stand in a path; in a path, the others name a resource."""
SIZE_PARAMETERS = _words(
    """
    limit perpage pagesize pagelimit count size max maxresults top maxitems maxrecords take
    rows results resultsperpage itemsperpage pagecount rpp pagelength pagesizelimit numresults
    recordsperpage pageitems maxpagesize maxresult first hitsperpage num amount length maxkeys
    maxuploads maxparts batchsize nbperpage items itemcount pagelen maxcount
    """
)
TOTAL_FIELDS = _words(
    """
    total totalcount totalitems totalresults totalelements totalrecords totalrows totalhits
    numfound totalsize totalnumber totalentries recordcount totalitemcount totalmatches
    totalresultcount resultcount totalobjects nbhits totalnumberofrecords odatacount
    totalnumberofitems totalobjectcount recordstotal itemstotal totalrecordcount
    totalavailable totalresultscount totalrecordscount numresults numberofresults
    totalquantity totalfound countall counttotal fullcount
    """
)
"""Fields that hold the number of items in the whole list."""
_PAGE_COUNTS = _words(
    """
    totalpages pagecount lastpage numpages totalpagecount pages pagetotal maxpage pagestotal
    numberofpages nbpages maxpages
    """
)
_PAGE_SIZES = _words("perpage pagesize limit itemsperpage resultsperpage")
PAGES_FIELDS = (
    _PAGE_COUNTS
    | _PAGE_SIZES
    | _words("page pagenumber currentpage offset skip startindex startat")
)
"""Fields that concern pages, but do not hold the number of items."""
MORE_FIELDS = _words(
    """
    hasmore hasnext hasnextpage moreresults moredata more ismore hasmoreitems hasmoreresults
    istruncated moreitemsinlist truncated hasmorerecords morerecords hasmorepages hasmoredata
    nextpageexists
    """
)
END_FIELDS = _words(
    """
    islastpage islast last lastpage isend eof
    """
)

LAST_ITEM_PARAMETERS = frozenset(["startingafter"])

TOTAL_HEADERS = _words(
    """
    xtotalcount xtotal totalcount xpaginationtotal xpaginationtotalcount xtotalresults
    xtotalitems xtotalrecords xcount xpaginationcount xresulttotal xpagetotalitems
    """
)
NEXT_PAGE_HEADERS = frozenset(["xnextpage", "xpaginationnextpage"])
NEXT_URL_HEADERS = frozenset(["next", "xnext", "xnextpage", "xnextlink", "xnexturl", "nextlink"])
"""Headers that hold the URL of the next page, if their description speaks of one."""
PAGES_HEADERS = _words(
    """
    xpages xtotalpages xpagecount xpagescount totalpages xpaginationpagecount xpaginationtotalpages
    """
)

_UNCLEAR_TOTALS = _words(
    """
    total totalnumber resultcount recordcount numresults numberofresults
    xtotal xcount xpaginationtotal xpaginationcount xpagetotalitems
    """
)
"""Names of totals that some APIs give to the number of pages, or of the items on one page."""
_CLEAR_TOTALS = (
    TOTAL_FIELDS | TOTAL_HEADERS | _words("contentrange count totalvalue")
) - _UNCLEAR_TOTALS


def is_about_pages(name: str) -> bool:
    """Say whether a field or header *name* concerns pages, and does not hold a number of items."""
    return plain(name) in PAGES_FIELDS | PAGES_HEADERS


def is_number_of_items(name: str) -> bool:
    """Say whether a field or header *name* can only hold the number of items in the whole list."""
    return plain(name) in _CLEAR_TOTALS


def is_number_of_pages(name: str) -> bool:
    """Say whether a field *name* holds the number of pages."""
    return plain(name) in _PAGE_COUNTS


def is_page_size(name: str) -> bool:
    """Say whether a field *name* holds the number of items on a full page."""
    return plain(name) in _PAGE_SIZES


def is_sign_of_end(name: str, value: bool) -> bool:
    """Say whether *value* in a field *name* says that no page follows."""
    return plain(name) in (END_FIELDS if value else MORE_FIELDS)


LIST_FIELDS = (
    *("items", "data", "results", "value", "values", "records", "entries", "elements", "list"),
    *("content", "contents", "rows", "objects", "hits", "resources", "collection", "docs"),
    *("documents", "entities", "members", "resultlist", "itemlist", "result", "edges", "nodes"),
    *("searchresults", "embedded", "resource"),
)
"""Names of the list itself, the most usual first."""

ASIDE_FIELDS = _words(
    """
    errors error warnings messages links link included includes facets aggregations filters
    unreachable unreachables sort sorting sortby columns headers meta metadata notices alerts debug
    facetfields suggestions breadcrumbs fields expands pages failures responsemetadata
    validationerrors notifications appliedfilters orderby availablefilters kinds
    """
)
"""Lists that a response has beside the items."""

ASIDE_ENDS = ("errors", "warnings", "failures")
ASIDE_START = "unreachable"
"""Ends and start of names of lists that mostly stand beside the items."""

_WRAPPERS = _words(
    """
    paging pagination paginator pager meta metadata links link page pageinfo pageinfos cursors
    cursor response result results data body d next list info listing collection envelope
    resultinfo resultset payload query search searchmetadata embedded output content
    additionaldata paginginfo context summary resultpage items nextpage pagingdata
    pagedetails pagingdetails paginationdetails
    """
)
_WRAPPER_ENDS = (
    "result", "results", "response", "list", "metadata", "pagination", "paging", "pageinfo",
    "page", "meta", "info", "links", "collection", "output", "set",
)  # fmt: skip


_VENDOR = re.compile(
    r"^(?:x-)?(?!next|page)[a-z]+-(?=(?:next-?|page-?)*(?:continuation|cursor|page-?token))"
)


def plain_header(name: str) -> str:
    """Return the header *name* without case, punctuation, `X-`, and a vendor before the name of a
    token: `x-ms-continuation` is `continuation`.
    """
    return plain(_VENDOR.sub("", name.lower()).removeprefix("x-"))


def is_wrapper(name: str) -> bool:
    """Say whether an object named *name* may hold the pagination part of a response."""
    name = plain(name)
    return name in _WRAPPERS or name.endswith(_WRAPPER_ENDS)


def fits_token(parameter: str, path: tuple[str, ...]) -> bool:
    """Say whether the response field at *path* supplies the token for *parameter*, judged by their
    names.
    """
    parameter_name, field_name = plain(parameter), plain(path[-1])
    if field_name == f"next{parameter_name}":
        return True
    parent_name = ""
    if len(path) > 1:
        parent_name = plain(path[-2])
    if field_name == parameter_name:
        # HubSpot's `paging.next.after`, Slack's `cursor`; `next` alone may be a URL.
        return (
            field_name in TOKEN_FIELDS
            or field_name in SAME_NAME_FIELDS
            or field_name in TOKEN_PARAMETERS
        )
    if (
        parameter_name == "cursor"
        and parent_name in ("cursor", "cursors")
        and field_name in ("after", "next")
    ):
        return True  # Apideck's `meta.cursors.next`
    if (field_name, parameter_name) in (("cursor", "after"), ("next", "cursor")):
        return True
    cores = {_core(field_name), _core(parameter_name)}
    if field_name in TOKEN_FIELDS:
        return len(cores) == 1 or cores <= _TOKEN_CORES
    return field_name in SAME_NAME_FIELDS and len(cores) == 1


_CORES = re.compile(
    r"^(?:exclusivestart|lastevaluated|next|pagination|starting|start|end|page|from|paging)+"
)


def _core(name: str) -> str:
    """Return *name* without words for a position in the list: `nextpagetoken` becomes `token`."""
    return _CORES.sub("", name) or name


_TOKEN_CORES = _words("after aftercursor continuation continuationtoken cursor marker next token")
"""Cores that are different words for a token: Zendesk's `after_cursor` supplies `page[after]`."""
