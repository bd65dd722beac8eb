"""The routes for an endpoint: the search, its reference, its form, a task for it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._catalogue import CatalogueEntry, CatalogueThread
from httptask.designer._change import changed, name_of
from httptask.designer._drafts import Draft
from httptask.designer._form import field_at, form_with_needs
from httptask.designer._problems import Refused
from httptask.designer._reference import reference
from httptask.designer._rounds import shown_suggestion
from httptask.designer._search import search_endpoints
from httptask.model.task import Inputs
from httptask.settings import suggested_pagination

_MOST_FORMS = 32
"""Maximum number of cached forms."""


class EndpointRoutes:
    """The endpoints of *catalogue*."""

    def __init__(self, catalogue: CatalogueThread) -> None:
        self._catalogue = catalogue
        self._forms: OrderedDict[str, tuple[CatalogueEntry, str]] = OrderedDict()
        """The forms of recent endpoints, since a person opens the same task again and again."""

    async def search(self, request: Request) -> Response:
        """Search the endpoints."""
        query = request.query_params
        return as_json(
            await self._catalogue.run(lambda catalogue: search_endpoints(catalogue, query))
        )

    async def show(self, request: Request) -> Response:
        """Answer with the reference of an endpoint."""
        entry = await self._entry(request)
        return await _json_made_by(lambda: reference(entry.endpoint))

    async def form(self, request: Request) -> Response:
        """Answer with the form of an endpoint, or with the field to which the query's `at`
        links.
        """
        entry = await self._entry(request)
        link = request.query_params.get("at")
        if link is None:
            return Response(await self._whole_form(entry), media_type="application/json")
        try:
            return await _json_made_by(
                lambda: {"at": link, "field": field_at(entry.endpoint, entry.schema, link)}
            )
        except LookupError as error:
            raise Refused(
                "not-found",
                f"the form has no place {link[:200]!r}; the description may have changed",
            ) from error

    async def _whole_form(self, entry: CatalogueEntry) -> str:
        endpoint_id = entry.endpoint.id
        cached_entry, form = self._forms.get(endpoint_id, (None, ""))
        if cached_entry is not entry:
            form = await in_thread(lambda: dump(_form(entry)))
        self._forms[endpoint_id] = entry, form
        self._forms.move_to_end(endpoint_id)
        while len(self._forms) > _MOST_FORMS:
            self._forms.popitem(last=False)
        return form

    async def settings_schema(self, request: Request) -> Response:
        """Answer with the settings schema of an endpoint, and a prefilled task."""
        entry = await self._entry(request)
        return await _json_made_by(lambda: {"schema": entry.schema, "prefill": entry.prefilled})

    async def task_for(self, request: Request) -> Response:
        """Answer with the task in the body changed to this endpoint: *Change API*."""
        entry = await self._entry(request)
        task = member(await json_object(request), "task", dict)
        old = await self._catalogue.entry_of(Draft(task, "task", Inputs()))
        change = await in_thread(lambda: changed(task, old, entry))
        names = {
            "title": name_of(entry.endpoint),
            **({"formerTitle": name_of(old.endpoint)} if old else {}),
        }
        return as_json(
            {
                "task": change.task,
                "dropped": list(change.dropped),
                **names,
            }
        )

    async def _entry(self, request: Request) -> CatalogueEntry:
        return await self._catalogue.entry(request.path_params["id"])


def _form(entry: CatalogueEntry) -> dict[str, Any]:
    form = form_with_needs(entry.endpoint, entry.schema)
    suggestion = suggested_pagination(entry.endpoint)
    if suggestion is not None:
        form["form"]["suggestedPagination"] = shown_suggestion(suggestion)
    return {
        "id": entry.endpoint.id,
        "prefill": entry.prefilled,
        **form,
    }


async def _json_made_by(make: Any) -> Response:
    """Answer with the value of *make* as JSON.

    *make* runs in a thread, because a description may be large.
    """
    return Response(await in_thread(lambda: dump(make())), media_type="application/json")
