"""Find the URL at which a job is polled, by the conventions of APIs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._http.syntax import split_url
from httptask.sending import target_of

if TYPE_CHECKING:
    from httptask.errors import TaskResult

OPERATION, LOCATION, GOOGLE, OWN, NAMED, ATTACHED = (
    "operation",
    "location",
    "google",
    "own",
    "named",
    "attached",
)
_OPERATION_HEADERS = ("operation-location", "azure-asyncoperation")
_LOCATION_HEADERS = ("location", "content-location")
_STARTED = (201, 202)
_GOOGLE_NAME = re.compile(r"(?:[^?#]*/)?operations/[^/?#]+")
_VERSION = re.compile(r"v[0-9]\w*")


@dataclass(frozen=True, slots=True)
class Link:
    """The URL of a job, and the convention by which it was found."""

    url: str
    convention: str
    """`operation` (`Operation-Location`, `Azure-AsyncOperation`), `location` (`Location`,
    `Content-Location`), `google` (a `name` in the body), `own` (the request's own URL), `named`
    (the setting), or `attached`.
    """


def link_of(
    result: TaskResult,
    url: str,
    method: str,
    own_url: str,
) -> Link | None:
    """Return the link in *result*, the response of *url*; None if there is no link.

    *method* and *own_url* are those of the request. Raises `RedirectError` for a link that must not
    be followed.
    """
    for name in _OPERATION_HEADERS:
        reference = header_of(result, name)
        if reference is not None:
            return Link(resolved(url, reference), OPERATION)
    is_google = is_google_operation(result.body)
    if result.status_code in _STARTED and not is_google:
        for name in _LOCATION_HEADERS:
            reference = header_of(result, name)
            if reference is not None:
                return Link(resolved(url, reference), LOCATION)
    if is_google:
        return Link(_google_url(url, result.body["name"]), GOOGLE)
    # PUT and PATCH write the resource at their own URL: its state is polled there.
    if method != "POST" and method != "DELETE":
        return Link(own_url, OWN)
    return None


def later_link(result: TaskResult, url: str, convention: str) -> Link | None:
    """Return the link in a poll's response that replaces the polled URL; None: keep that URL."""
    for name in _OPERATION_HEADERS:
        reference = header_of(result, name)
        if reference is not None:
            return Link(resolved(url, reference), OPERATION)
    reference = header_of(result, "location")
    is_by_location = convention in (LOCATION, ATTACHED)
    if is_by_location and result.status_code == 202 and reference is not None:
        return Link(resolved(url, reference), LOCATION)
    return None


def header_of(result: TaskResult, name: str) -> str | None:
    """Return the header *name* of *result*; None if it is missing or empty."""
    value = result.headers.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    return None


def resolved(url: str, reference: str) -> str:
    """Return the absolute URL of *reference* in a response of *url* (RFC 3986, section 5).

    Raises `RedirectError` for a URL that must not be followed.
    """
    return target_of(url, reference, "a poll")


def is_google_operation(body: Any) -> bool:
    """Say whether *body* is an operation of google.longrunning (AIP-151).

    An operation has a `name` of the form `operations/…`, or a `name` that is a path, and a boolean
    `done`.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
        return False
    name = body["name"]
    has_path_and_done = isinstance(body.get("done"), bool) and "/" in name
    return has_path_and_done or _GOOGLE_NAME.fullmatch(name) is not None


def _google_url(url: str, name: str) -> str:
    """Return the URL of the operation *name* in a response of *url*.

    Names are relative to the version in the path (AIP-122).
    """
    if "://" in name or name.startswith("/"):
        return resolved(url, name)
    segments = split_url(url).path.split("/")[1:]
    versions = [index for index, segment in enumerate(segments) if _VERSION.fullmatch(segment)]
    base = "/".join(segments[: versions[0] + 1]) + "/" if versions else ""
    return resolved(url, f"/{base}{name}")
