"""The request of an attempt: changed by plugins, authorised by credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._http.syntax import TOKEN, UNSENDABLE, split_url
from httptask.building import located
from httptask.model.exchange import OutgoingRequest, StreamedBody
from httptask.sending import Ready, Send, for_another_origin
from httptask.task._authorising import authorised, authorised_again, resolved_anew

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.task._http_task import HttpTask


async def ready(
    task: HttpTask,
    built: OutgoingRequest,
    send: Send | None,
    *,
    is_elsewhere: bool = False,
    environment: Environment | None = None,
    is_pinned: bool = False,
) -> Ready:
    """Return *built* after the plugins' changes, authorised by the credentials of *task*.

    Called for every attempt, as late as possible. *send* sends token requests; None where the
    request is only shown. *is_elsewhere*: the request goes to another origin than the task's own,
    and loses everything secret. *environment* may replace the names of credentials. *is_pinned*: a
    pin answers the request, so that it needs no credentials.
    """
    runtime = task.runtime
    # *built* may be shared with other calls: copied below, before anything can change it.
    request = built
    if isinstance(built.body, StreamedBody):
        request = await located(built, runtime.readable)
    elif runtime.plugins.implements("httptask_prepare_request"):
        request = built.copy()
    if is_elsewhere:
        _prepared_by_plugins(task, request)
        request = for_another_origin(request)
        return Ready(request, request)
    names = () if is_pinned else task.plan.credentials
    if environment is not None:
        names = [(pointer, environment.credential_names(name)) for pointer, name in names]
    credentials = []
    # Before the plugins: their errors may repeat secrets, and only resolved secrets are masked.
    for pointer, name in names:
        resolved = runtime.credentials.get(name) or await resolved_anew(runtime, pointer, name)
        credentials.append((pointer, resolved))
    _prepared_by_plugins(task, request)
    if not credentials:
        return Ready(request, request)
    plan = task.plan
    repeated = authorised_again(plan, request, credentials, send)
    return repeated or await authorised(plan, request, credentials, send)


def _prepared_by_plugins(task: HttpTask, request: OutgoingRequest) -> None:
    """Let plugins change *request* in place. Raises `PluginError`."""
    plugins = task.runtime.plugins
    if not plugins.implements("httptask_prepare_request"):
        return
    with plugins.blaming("httptask_prepare_request"):
        plugins.hook.httptask_prepare_request(request=request, task=task)
        _check_sendable(request)


def _check_sendable(request: OutgoingRequest) -> None:
    """Raise `ValueError` if plugins have made *request* unsendable."""
    if not isinstance(request.url, str) or split_url(request.url).scheme not in ("http", "https"):
        raise ValueError(f"it left the URL {request.url!r}")
    if (
        not isinstance(request.method, str)
        or not TOKEN.fullmatch(request.method)
        or not isinstance(request.body, bytes | StreamedBody)
    ):
        raise ValueError("it left a method or a body of a wrong type")
    for name, value in request.headers:
        if not TOKEN.fullmatch(name) or UNSENDABLE.search(value):
            raise ValueError(f"it left the header {name!r}, which cannot be sent")
