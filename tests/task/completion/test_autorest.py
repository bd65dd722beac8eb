"""Long jobs of AutoRest's test server, which we did not write, waited for as they are meant to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

import autorest
from jobs import completion
from tasks import call, failure, http

pytestmark = pytest.mark.npm

FOO = {"id": "100", "name": "foo"}
"""What the result has at least."""


@dataclass(frozen=True, slots=True)
class Route:
    """A request that starts a job, and what is to come of it."""

    start: str
    """Method and path."""
    result: str = "self"
    body: Any = field(default_factory=lambda: FOO)
    """The result: an object has at least these names."""
    kind: str = "success"
    """How it ends."""
    polls: int = 1
    scenario: str | None = None
    """The cookie that the server knows a second poll by; without it the first one is answered."""
    headers: dict[str, str] = field(default_factory=dict)
    is_passed: bool = True
    """Whether the server reports that its scenario was passed."""


ID = {"x-ms-client-request-id": "9C4D50EE-2D56-4CD3-8152-34347DC9F2B0"}


def put(path: str, scenario: str | None = None, **more: Any) -> Route:
    return Route(f"PUT {path}", scenario=scenario, **more)


def put_async(path: str, scenario: str | None = None, **more: Any) -> Route:
    return Route(f"PUT {path}", scenario=scenario, **{"result": "location", **more})


def delete(path: str, scenario: str | None = None, **more: Any) -> Route:
    return Route(f"DELETE {path}", scenario=scenario, **{"body": None, **more})


def post(path: str, scenario: str | None = None, **more: Any) -> Route:
    return Route(f"POST {path}", scenario=scenario, **more)


DONE = {"status": "Succeeded"}
FAILS: dict[str, Any] = {"kind": "completion", "body": None}
REFUSED: dict[str, Any] = {"kind": "status", "body": None}

ROUTES = [
    # Done at once
    put("put/200/succeeded", polls=0),
    put("put/201/succeeded", polls=0),
    put("put/200/succeeded/nostate", polls=0),
    Route("PATCH patch/200/succeeded/ignoreheaders", polls=0),
    delete("delete/204/succeeded", polls=0),
    delete("error/delete/204/nolocation", polls=0),
    put("error/put/201/noprovisioningstatepayload", polls=0, body=None),
    # The resource itself
    put("put/201/creating/succeeded/200"),
    put("put/200/updating/succeeded/200"),
    put("put/201/created/failed/200", **FAILS),
    put("put/200/accepted/canceled/200", **FAILS),
    put("retryerror/put/201/creating/succeeded/200", "LRORetryPutSucceededWithBody"),
    put("customheader/put/201/creating/succeeded/200", headers=ID),
    put("nonretryerror/put/400", polls=0, **REFUSED),
    put("nonretryerror/put/201/creating/400", **REFUSED),
    put("nonretryerror/put/201/creating/400/invalidjson", **REFUSED),
    put("error/put/200/invalidjson", kind="parse", body=None, polls=0),
    # A location
    put("put/202/retry/200"),
    put("put/noheader/202/200", "LROPutNoHeaderInRetry"),
    put("putsubresource/202/200", "LROPutSubResourceInRetry", body={"subresource": "sub1"}),
    put("putnonresource/202/200", "LROPutNonResourceInRetry", body={"name": "sku"}),
    delete("delete/provisioning/202/accepted/200/succeeded", body=FOO),
    delete("delete/provisioning/202/deleting/200/failed", **FAILS),
    delete("delete/provisioning/202/deleting/200/canceled", **FAILS),
    delete("delete/202/retry/200", "LRODelete200"),
    delete("delete/202/noretry/204", "LRODelete204"),
    delete("delete/noheader", "LRODeleteNoHeaderInRetry"),
    delete(
        "retryerror/delete/provisioning/202/accepted/200/succeeded",
        "LRORetryErrorDelete202Accepted200Succeeded",
        body=FOO,
    ),
    delete("retryerror/delete/202/retry/200", "LRORetryErrorDelete202Retry200Succeeded", body=FOO),
    delete("nonretryerror/delete/400", kind="status", polls=0),
    delete("nonretryerror/delete/202/retry/400", **REFUSED),
    delete("error/delete/202/retry/invalidheader", polls=3, **REFUSED),
    post("post/payload/200", body={"id": "1", "name": "product"}),
    post("post/202/retry/200", "LROPost200", polls=2),
    post("post/202/noretry/204", "LROPost200", body=None, polls=2),
    post("retryerror/post/202/retry/200", "LRORetryErrorPost202Retry200Succeeded"),
    post("nonretryerror/post/400", kind="status", body=None, polls=0),
    post("nonretryerror/post/202/retry/400", **REFUSED),
    post("error/post/202/nolocation", kind="completion", body=None, polls=0),
    post("error/post/202/retry/invalidheader", polls=3, **REFUSED),
    post(
        "customheader/post/202/retry/200",
        "CustomHeaderPostSucceeded",
        body=None,
        headers=ID,
        polls=2,
    ),
    # An operation
    put_async("putasync/retry/succeeded", "LROPutAsyncRetrySucceeded"),
    put_async("putasync/noretry/succeeded", "LROPutAsyncNoRetrySucceeded"),
    put_async("putasync/retry/failed", "LROPutAsyncRetryFailed", **FAILS),
    put_async("putasync/noretry/canceled", "LROPutAsyncNoRetryCanceled", **FAILS),
    put_async("putasync/noheader/201/200", "LROPutAsyncNoHeaderInRetry"),
    put_async(
        "putsubresourceasync/202/200",
        "LROPutSubResourceAsyncInRetry",
        body={"subresource": "sub1"},
    ),
    put_async("putnonresourceasync/202/200", "LROPutNonResourceAsyncInRetry", body={"name": "sku"}),
    put_async("customheader/putasync/retry/succeeded", "CustomHeaderPutAsyncSucceded", headers=ID),
    put_async("nonretryerror/putasync/retry/400", **REFUSED),
    # Its polls know another cookie than its request: they are answered 500 for ever.
    put_async(
        "retryerror/putasync/retry/succeeded",
        "LRORetryErrorPutAsyncSucceeded",
        polls=5,
        is_passed=False,
        **REFUSED,
    ),
    put_async("error/putasync/retry/nostatus", **FAILS),
    put_async("error/putasync/retry/nostatuspayload", **FAILS),
    put_async("error/putasync/retry/invalidheader", polls=3, **REFUSED),
    put_async("error/putasync/retry/invalidjsonpolling", kind="parse", body=None),
    Route(
        "PATCH patch/201/retry/onlyAsyncHeader",
        "location",
        {"name": "foo"},
        scenario="LROPatch201WithAsyncHeader",
    ),
    Route(
        "PATCH patch/202/retry/asyncAndLocationHeader",
        "location",
        {"name": "foo"},
        scenario="LROPatch202WithAsyncAndLocationHeader",
    ),
    delete("deleteasync/noheader/202/204", "LRODeleteAsyncNoHeaderInRetry", body=DONE),
    delete("deleteasync/retry/succeeded", "LRODeleteAsyncRetrySucceeded", body=DONE),
    delete("deleteasync/noretry/succeeded", "LRODeleteAsyncNoRetrySucceeded", body=DONE),
    delete("deleteasync/retry/failed", "LRODeleteAsyncRetryFailed", **FAILS),
    delete("deleteasync/retry/canceled", "LRODeleteAsyncRetryCanceled", **FAILS),
    delete(
        "retryerror/deleteasync/retry/succeeded",
        "LRORetryErrorDeleteAsyncRetrySucceeded",
        body=DONE,
    ),
    delete("nonretryerror/deleteasync/retry/400", **REFUSED),
    delete("error/deleteasync/retry/nostatus", **FAILS),
    delete("error/deleteasync/retry/invalidheader", polls=3, **REFUSED),
    delete("error/deleteasync/retry/invalidjsonpolling", kind="parse"),
    post("postasync/retry/succeeded", "LROPostAsyncRetrySucceeded", result="location"),
    post("postasync/noretry/succeeded", "LROPostAsyncNoRetrySucceeded", result="location"),
    post("postasync/retry/failed", "LROPostAsyncRetryFailed", **FAILS),
    post("postasync/retry/canceled", "LROPostAsyncRetryCanceled", **FAILS),
    post("list", result="location", body=[FOO]),
    post("LROPostDoubleHeadersFinalLocationGet", result="location"),
    post("LROPostDoubleHeadersFinalAzureHeaderGet", body={"id": "100"}),
    post("LROPostDoubleHeadersFinalAzureHeaderGetDefault", result="location"),
    post(
        "retryerror/postasync/retry/succeeded",
        "LRORetryErrorPostAsyncRetrySucceeded",
        body=DONE,
    ),
    post("nonretryerror/postasync/retry/400", **REFUSED),
    post("error/postasync/retry/nopayload", **FAILS),
    post("error/postasync/retry/invalidheader", polls=3, **REFUSED),
    post("error/postasync/retry/invalidjsonpolling", kind="parse", body=None),
    post(
        "customheader/postasync/retry/succeeded",
        "CustomHeaderPostAsyncSucceded",
        body=DONE,
        headers=ID,
    ),
    post("../lroParameterizedEndpoints", body="success"),
    post("../lroConstantParameterizedEndpoints/iAmConstant", body="success"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the running server."""
    with autorest.judge(tmp_path_factory.mktemp("coverage")) as url:
        yield url


@pytest.mark.parametrize("route", ROUTES, ids=[route.start for route in ROUTES])
def test_a_job_is_waited_for(server: str, route: Route) -> None:
    """Its result, or the class of what went wrong, after the polls that it takes; and the server
    reports that its scenario was passed.
    """
    before = autorest.passed_count(server)
    method, path = route.start.split(" ")
    path = path.removeprefix("../") if path.startswith("../") else f"lro/{path}"
    request: dict[str, Any] = {"method": method, "headers": route.headers}
    if route.scenario is not None:
        request["cookies"] = {"scenario": route.scenario}
    setting = completion(result=route.result)
    # Many of its answers have no Content-Type.
    definition = http(f"{server}/{path}", request=request, completion=setting, responseBody="json")
    if route.kind == "success":
        result = call(definition)
        if isinstance(route.body, dict):
            assert route.body.items() <= result.body.items()
        else:
            assert result.body == route.body
        job = result.job
    else:
        error = failure(definition)
        assert error.kind == route.kind
        job = error.job
    assert (job.polls if job is not None else 0) == route.polls
    assert (autorest.passed_count(server) > before) is route.is_passed


def test_the_number_of_routes() -> None:
    """No row is lost, and each is another request."""
    assert len(ROUTES) == 83
    assert len({route.start for route in ROUTES}) == len(ROUTES)
