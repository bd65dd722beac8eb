"""The designer as an ASGI application: its routes, and the state they share."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from httptask._core import packaged
from httptask._core.shared_files import FILES_VARIABLE, SharedFiles
from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask._http import secret_names
from httptask.building import Files
from httptask.designer._bodies import as_json, json_object, member, pieces
from httptask.designer._callbacks import Receiver
from httptask.designer._catalogue import CatalogueEntry, CatalogueThread
from httptask.designer._change import changed, name_of
from httptask.designer._consents import CALLBACK, Consents
from httptask.designer._credentials import Credentials
from httptask.designer._definitions import Definitions, problems_within
from httptask.designer._drafts import SHOWN_TEXT, Draft, draft_of
from httptask.designer._event_stream import EventStream
from httptask.designer._expressions import Expressions, while_asked
from httptask.designer._filter import ResponseFilter
from httptask.designer._form import field_at, form_with_needs, task_settings
from httptask.designer._guards import Guards
from httptask.designer._imports import Imports
from httptask.designer._inputs import refused_input
from httptask.designer._pasted import MOST_PASTED, Pasted
from httptask.designer._pins import Pins
from httptask.designer._preview import preview_of
from httptask.designer._problems import (
    Refused,
    answer_http,
    answer_httptask,
    answer_refused,
    answer_unexpected,
)
from httptask.designer._reference import reference
from httptask.designer._rounds import shown_suggestion
from httptask.designer._runs import Runs, runs_file
from httptask.designer._search import search_endpoints
from httptask.designer._shown_bodies import unpacked
from httptask.designer._shown_exchange import described
from httptask.designer._test_requests import TestRequests
from httptask.designer._uploads import Uploads
from httptask.designer._workflows import MOST_BYTES, Workflows, folder_of
from httptask.engines.callbacks import CALLBACKS
from httptask.engines.callbacks import METHODS as CALLING
from httptask.errors import DefinitionError, HttpTaskError, UnknownEndpointError
from httptask.interchange import LANGUAGES, code_of
from httptask.model.policy import Limits, Network
from httptask.model.task import Inputs, TestOptions
from httptask.model.workflow import WorkflowDefinition
from httptask.plugins import plugin_manager
from httptask.settings import suggested_pagination
from httptask.task import HttpTask, Runtime
from httptask.workflow import error_classes, rename_task, unreached_tasks
from httptask.workflow import problems as definition_problems

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.plugins import PluginManager

API = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "TRACE")
_STATIC = Path(__file__).with_name("static")
_SHOWN_BODY = Limits(body=32 * 1024 * 1024)
"""Limits for a response on a page: more than a workflow should carry."""
_MOST_UPLOADED = 512 * 1024 * 1024


def create_app(
    *,
    catalogue: str | os.PathLike[str] | None = None,
    workflows: str | os.PathLike[str] | None = None,
    plugins: PluginManager | None = None,
    allow_networks: Sequence[str] | None = None,
    network: Network | None = None,
    servers: Mapping[str, Sequence[str]] | None = None,
    limits: Limits | None = None,
    hosts: Collection[str] = (),
    origins: Collection[str] = (),
    token: str | None = None,
    upload_limit: int = _MOST_UPLOADED,
    files: str | os.PathLike[str] | None = None,
    bucket: str | None = None,
    imports: bool | None = None,
    runs: str | os.PathLike[str] | None = None,
    callback_url: str | None = None,
) -> Guards:
    """Return the designer as an ASGI application, to be served by itself or mounted in a host's.

    *catalogue* is the file of a catalogue; None takes the user's own. *workflows* is a folder of
    definitions, or the file of one; without it nothing is saved here, and the page tells its host
    instead (`task-save`). *allow_networks* are the networks that test requests may reach besides
    globally routable addresses, and *network* is how they leave this machine, as for a `Runtime`.
    *servers* are the operator's own addresses of
    APIs, by provider. *files* is the folder of files that requests may send; the uploads of a saved
    definition move there. None takes `HTTPTASK_FILES`, else the folder `files` next to the
    definitions. *bucket* is the URL of a bucket that has the folder's files for other machines, as
    for a `Runtime`. *limits* bound a response. *upload_limit* is the most bytes of an upload.
    *hosts* are the values of `Host` that reach the application, besides loopback; *origins* are
    pages of
    other origins that may use it; a *token*, of at least 16 characters, is required of everybody.
    *imports* lets the page import descriptions into the catalogue, from npm, an address or a file;
    None allows it where only this machine reaches the designer: there are no *hosts* and no
    *origins*. *runs* is the file of the journal that keeps the latest 50 runs; None keeps them in
    `.httptask/runs.sqlite3` next to the definitions, and without these until the designer ends.
    *callback_url* is what APIs reach the application by, for tasks that wait for their calls; None:
    as the page that starts the run does. A call needs neither token nor Host: it knows a URL.

    Every test request is sent from here, with the credentials of this machine, by whoever can reach
    the application. Its lifespan closes everything it opened; a host that mounts it takes the
    application's `lifespan` as its own. Raises `ValueError` for an invalid network and for a token
    that could be guessed.
    """
    manager = plugins or plugin_manager()
    limits = limits or _SHOWN_BODY
    workflows_path = Path(workflows) if workflows is not None else None
    shared = SharedFiles.named(_files_folder(files, workflows_path), bucket)
    uploads = Uploads(upload_limit, shared)
    designer = _Designer(
        catalogue=CatalogueThread(catalogue, manager, servers or {}, Files(shared, uploads.path)),
        workflows=Workflows(workflows_path, uploads.saved),
        runtime=Runtime(
            plugins=manager,
            catalogue=catalogue,
            limits=limits,
            allow_networks=allow_networks,
            network=network,
            files=shared.folder if shared is not None else None,
            bucket=bucket,
            keeps_tokens=True,
        ),
        uploads=uploads,
        imports=Imports(
            catalogue,
            uploads,
            manager,
            allow_networks,
            network,
            allowed=not hosts and not origins if imports is None else imports,
        ),
        runs=runs_file(runs, workflows_path),
        receiver=Receiver(callback_url),
    )
    app = Starlette(
        routes=designer.routes(),
        lifespan=designer.lifespan,
        exception_handlers={
            Refused: answer_refused,
            HttpTaskError: answer_httptask,
            HTTPException: answer_http,
            Exception: answer_unexpected,
        },
    )
    app.router.redirect_slashes = False  # a path with a slash too many is not found
    return Guards(app, hosts=hosts, origins=origins, token=token)


def _files_folder(
    files: str | os.PathLike[str] | None, workflows: Path | None
) -> str | os.PathLike[str] | None:
    """Return the folder of files: *files*, else `HTTPTASK_FILES`, else next to the definitions."""
    named = files or os.environ.get(FILES_VARIABLE)
    return named if named or workflows is None else folder_of(workflows) / "files"


class _Designer:
    """The routes, and the state they share."""

    def __init__(
        self,
        *,
        catalogue: CatalogueThread,
        workflows: Workflows,
        runtime: Runtime,
        uploads: Uploads,
        imports: Imports,
        runs: Path | None,
        receiver: Receiver,
    ) -> None:
        self._catalogue = catalogue
        self._workflows = workflows
        self._definitions = Definitions(workflows)
        self._runtime = runtime
        self._runtime.uploads = uploads.path
        self._uploads = uploads
        self._imports = imports
        self._tests = TestRequests()
        self._credentials = Credentials(runtime, catalogue.entry)
        self._pasted = Pasted(imports.path, self._credentials)
        self._consents = Consents(runtime, self._credentials)
        self._expressions = Expressions(workflows, runtime, catalogue.entry)
        self._filter = ResponseFilter(self._tests, runtime)
        self._receiver = receiver
        self._runs = Runs(runs, runtime, self._definitions, receiver)
        self._pins = Pins(workflows, self._tests, catalogue.entry)

    def routes(self) -> list[Route]:
        """Return every route. `schemas/designer-api.openapi.json` describes those of the API."""
        table = (
            ("/config", {"GET": self.config}),
            ("/endpoints", {"GET": self.endpoints}),
            ("/endpoints/{id}", {"GET": self.endpoint}),
            ("/endpoints/{id}/form", {"GET": self.form}),
            ("/endpoints/{id}/settings-schema", {"GET": self.settings_schema}),
            ("/endpoints/{id}/task", {"POST": self.task_for}),
            ("/import", self._imports.handlers()),
            ("/validate", {"POST": self.validate}),
            ("/render", {"POST": self.render}),
            ("/test-requests", {"POST": self.test_request}),
            ("/test-requests/{id}", {"DELETE": self.cancel}),
            ("/test-requests/{id}/body", {"GET": self.body}),
            ("/uploads", {"POST": self.upload}),
            ("/uploads/{id}", {"DELETE": self.remove_upload}),
            ("/credentials", {"GET": self._credentials.list}),
            (
                "/credentials/{name:path}",  # a name may hold a slash
                {
                    "GET": self._credentials.show,
                    "PUT": self._credentials.save,
                    "DELETE": self._credentials.remove,
                },
            ),
            ("/pasted", {"POST": self._pasted.read}),
            ("/pasted/credentials", {"POST": self._pasted.keep}),
            ("/credential-schemes", {"GET": self._credentials.schemes}),
            ("/credential-tests", {"POST": self._credentials.test}),
            ("/credential-moves", {"POST": self._credentials.move}),
            ("/consents", {"POST": self._consents.ask}),
            ("/consents/{id}", {"GET": self._consents.look, "DELETE": self._consents.cancel}),
            ("/workflows", {"GET": self.workflows}),
            ("/workflows/rename", {"POST": self.rename}),
            (
                "/workflows/{id}",
                {
                    "GET": self.workflow,
                    "PUT": self.save_workflow,
                    "DELETE": self._definitions.remove,
                },
            ),
            ("/workflows/{id}/environments", {"GET": self._definitions.environments}),
            ("/workflows/{id}/pins", {"GET": self._pins.list}),
            (
                "/workflows/{id}/pins/{task:path}",  # a name may hold a slash
                {"PUT": self._pins.put, "DELETE": self._pins.remove},
            ),
            ("/runs", {"GET": self._runs.list, "POST": self._runs.start}),
            ("/runs/{id}", {"GET": self._runs.show, "DELETE": self._runs.stop}),
            ("/runs/{id}/events", {"GET": self._runs.events}),
            ("/runs/{id}/resume", {"POST": self._runs.resume}),
            ("/runs/{id}/signals", {"POST": self._runs.signal}),
            ("/runs/{id}/value", {"GET": self._runs.value}),
            ("/runs/{id}/visit", {"GET": self._runs.visit}),
            ("/runs/{id}/callback", {"GET": self._runs.callback}),
            ("/input-form", {"POST": self._definitions.input_form}),
            ("/scope", {"POST": self._expressions.scope}),
            ("/evaluate", {"POST": self._expressions.evaluate}),
            ("/filter", {"POST": self._filter.answer}),
        )
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/static/{name}", self.static, methods=["GET"]),
            Route(CALLBACK, self._consents.callback, methods=["GET"]),
            Route(CALLBACKS + "{token}", self._receiver.receive, methods=CALLING),
            *(
                Route(API + path, _by_method(handlers), methods=list(handlers))
                for path, handlers in table
            ),
        ]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Close everything when the designer ends."""
        try:
            yield
        finally:
            self._tests.cancel_all()
            await self._runs.aclose()
            self._consents.close()
            await self._imports.aclose()
            self._uploads.close()
            await self._runtime.aclose()
            await self._catalogue.aclose()

    # The page

    async def page(self, request: Request) -> Response:
        """Answer with the page."""
        return await self._file("index.html")

    async def static(self, request: Request) -> Response:
        """Answer with one of the page's files."""
        return await self._file(request.path_params["name"])

    async def _file(self, name: str) -> Response:
        path = _STATIC / name
        # Only files of this one folder: a name with a separator leads elsewhere.
        if not await in_thread(
            lambda: path.parent == _STATIC and path.is_file() and not name.startswith(".")
        ):
            raise Refused("not-found", f"the designer has no file {name[:100]!r}")
        media_type = {".js": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(name)[0]
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})

    async def config(self, request: Request) -> Response:
        """Answer with the configuration that a page needs before anything else."""
        count, only_shipped = await self._catalogue.run(
            lambda catalogue: (len(catalogue), catalogue.is_as_shipped())
        )
        listing = await in_thread(self._workflows.listing)
        value = {
            "version": packaged.manifest()["version"],
            **({"workflow": listing.first} if listing.first is not None else {}),
            "newWorkflows": self._workflows.takes_new,
            "workflows": [
                {"id": item["id"], "name": item.get("name", item["id"])} for item in listing.items
            ],
            **({"notes": list(listing.notes)} if listing.notes else {}),
            "limits": {
                "upload": self._uploads.limit,
                "definition": MOST_BYTES,
                "shownText": SHOWN_TEXT,
                "body": self._runtime.limits.body,
                "pasted": MOST_PASTED,
            },
            "endpoints": count,
            "onlyShipped": only_shipped,
            "imports": self._imports.allowed,
            "methods": list(METHODS),
            "secretNames": secret_names.NAMES,
            "taskSettings": task_settings(),
            "errorClasses": error_classes(),
        }
        return as_json(value)

    # Endpoints

    async def endpoints(self, request: Request) -> Response:
        """Search the endpoints."""
        query = request.query_params
        return as_json(
            await self._catalogue.run(lambda catalogue: search_endpoints(catalogue, query))
        )

    async def endpoint(self, request: Request) -> Response:
        """Answer with the reference of an endpoint."""
        entry = await self._entry(request)
        return await _json_made_by(lambda: reference(entry.endpoint))

    async def form(self, request: Request) -> Response:
        """Answer with the form of an endpoint, or with the part that the query's `at` links to."""
        entry = await self._entry(request)
        link = request.query_params.get("at")
        if link is None:
            return await _json_made_by(lambda: _form(entry))
        try:
            return await _json_made_by(
                lambda: {"at": link, "field": field_at(entry.endpoint, entry.schema, link)}
            )
        except LookupError as error:
            raise Refused(
                "not-found",
                f"the form has no place {link[:200]!r}; the description may have changed",
            ) from error

    async def settings_schema(self, request: Request) -> Response:
        """Answer with the settings schema of an endpoint, and a prefilled task."""
        entry = await self._entry(request)
        return await _json_made_by(lambda: {"schema": entry.schema, "prefill": entry.prefilled()})

    async def task_for(self, request: Request) -> Response:
        """Answer with the body's task changed to this endpoint: *Change API*."""
        entry = await self._entry(request)
        task = member(await json_object(request), "task", dict)
        old = await self._entry_of(Draft(task, "task", Inputs()))
        change = await in_thread(lambda: changed(task, old, entry))
        names = {
            "title": name_of(entry.endpoint),
            **({"formerTitle": name_of(old.endpoint)} if old else {}),
        }
        return as_json({"task": change.task, "dropped": list(change.dropped), **names})

    async def _entry(self, request: Request) -> CatalogueEntry:
        return await self._catalogue.entry(request.path_params["id"])

    # Drafts

    async def validate(self, request: Request) -> Response:
        """Answer with every problem of a task, or of a whole definition."""
        value = await json_object(request)
        more: dict[str, Any] = {}
        if "definition" in value:
            definition, known = await self._definitions.placed(value)
            problems: Sequence[Problem] = await self._catalogue.check(
                lambda runtime: definition_problems(definition, runtime, definitions=known)
            )
            more["unreached"] = unreached_tasks(definition)
        else:
            draft = draft_of(value)
            of_task, more["mediaType"] = await self._checked(draft)
            problems = await self._catalogue.check(
                lambda runtime: problems_within(value, draft.name, runtime, of_task)
            )
            if (schema := value.get("inputSchema")) is not None:
                refused = await in_thread(lambda: refused_input(schema, draft.inputs.input))
                more["inputProblems"] = [problem.to_json() for problem in refused]
            if "preview" in value:
                more["preview"] = await while_asked(request, self._preview(value))
        valid = not any(problem.severity == "error" for problem in problems)
        return as_json(
            {"valid": valid, "problems": [problem.to_json() for problem in problems], **more}
        )

    async def _checked(self, draft: Draft) -> tuple[Sequence[Problem], str | None]:
        """Return the problems of *draft*, and the media type of its body."""
        entry = await self._entry_of(draft)

        def check(runtime: Runtime) -> tuple[Sequence[Problem], str | None]:
            task = _task(draft, entry, runtime)
            return task.problems(), task.media_type()

        return await self._catalogue.check(check)

    async def _preview(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the preview of the draft in *value*, with the samples of its `preview`.

        What keeps it from being made, an environment that is not there any more for example, does
        not keep the validation from its problems.
        """
        try:
            return await self._previewed(value, member(value, "preview", dict))
        except (Refused, HttpTaskError) as error:
            return {"server": [], "url": [], "problem": str(error)}

    async def _previewed(
        self, value: Mapping[str, Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        task, within = member(value, "task", dict), member(value, "within", dict)
        draft = await self._definitions.draft({**given, "task": task, "name": value.get("name")})
        around = await self._expressions.surroundings(
            {**given, "task": draft.name, "definition": within}
        )
        entry = await self._entry_of(draft)
        samples = member(given, "samples", dict, dict)
        endpoint = None if entry is None else entry.endpoint
        return await preview_of(_task(draft, entry, self._runtime), around, samples, endpoint)

    async def render(self, request: Request) -> Response:
        """Show the request of a draft and its curl command; with the query's `as`, its code, too.

        Nothing is sent.
        """
        language = request.query_params.get("as")
        if language is not None and language not in LANGUAGES:
            expected = ", ".join(LANGUAGES)
            raise Refused("bad-request", f"'as' is one of {expected}; found {language[:50]!r}")
        draft = await self._definitions.draft(await json_object(request))
        entry = await self._entry_of(draft)
        rendered = await _task(draft, entry, self._runtime).arender(draft.inputs)
        code = {} if language is None else {"code": code_of(rendered, language)}
        return as_json(described(rendered) | code)

    async def _entry_of(self, draft: Draft) -> CatalogueEntry | None:
        """Return the endpoint of *draft*; None when it names none or an unknown one.

        Validation reports an unknown endpoint.
        """
        if draft.endpoint_id is None:
            return None
        try:
            return await self._catalogue.entry(draft.endpoint_id)
        except UnknownEndpointError:
            return None

    # Test requests

    async def test_request(self, request: Request) -> Response:
        """Run a test request and stream its events."""
        value = await json_object(request)
        draft = await self._definitions.draft(value)
        send_anyway = member(value, "sendAnyway", bool, bool)
        detail = member(value, "detail", str, lambda: "full")
        if detail not in ("full", "brief"):
            raise Refused("bad-request", f"'detail' is 'full' or 'brief', found {detail[:50]!r}")
        entry = await self._entry_of(draft)
        task = _task(draft, entry, self._runtime)
        callbacks = await self._receiver.callbacks(request)
        options = TestOptions(send_anyway, callbacks=callbacks)
        test_id, is_brief = self._tests.begin(), detail == "brief"
        events = self._tests.events(test_id, task, draft.inputs, options, brief=is_brief)
        return EventStream(events, {"Test-Request-Id": test_id}, lambda: self._tests.end(test_id))

    async def cancel(self, request: Request) -> Response:
        """Cancel a test request."""
        self._tests.cancel(request.path_params["id"])
        return Response(status_code=204)

    async def body(self, request: Request) -> Response:
        """Answer with the body of a test request's response. The query's `as` says how: `raw`, its
        bytes; `file`, these without their content coding; `decoded`, its text.
        """
        body = self._tests.body(request.path_params["id"])
        form = request.query_params.get("as", "raw")
        if form not in ("raw", "file", "decoded"):
            raise Refused("bad-request", f"'as' is 'raw', 'file' or 'decoded', found {form[:50]!r}")
        # A response of another server must never run as a page of this origin.
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        if form == "decoded":
            if body.decoded is None:
                raise Refused("not-found", "this body is neither JSON nor text; download its bytes")
            return Response(body.decoded, 200, headers, body.media_type)
        if len(body.raw) < body.size:
            detail = (
                f"this body has {body.size:,} bytes, more than are held for a download; a run keeps"
                " it as a file"
            )
            raise Refused("too-large", detail, limit=self._runtime.limits.body)
        content: bytes | None = body.raw
        if form == "file" and body.encoding:
            content = await in_thread(lambda: unpacked(body.raw, body.encoding))
        if content is None:
            raise Refused("not-found", "the content coding of this body cannot be undone here")
        headers["Content-Disposition"] = (
            f'attachment; filename="response-{request.path_params["id"]}.bin"'
        )
        return Response(content, 200, headers, "application/octet-stream")

    # Uploads, credentials

    async def upload(self, request: Request) -> Response:
        """Store a file and answer with its reference."""
        upload = await self._uploads.add(
            pieces(request, self._uploads.limit),
            name=request.query_params.get("name", "file"),
            media_type=request.headers.get("content-type", ""),
        )
        return as_json(upload.to_json(), 201, {"Location": f"uploads/{upload.id}"})

    async def remove_upload(self, request: Request) -> Response:
        """Remove an upload."""
        self._uploads.remove(request.path_params["id"])
        return Response(status_code=204)

    # Workflow definitions

    async def workflows(self, request: Request) -> Response:
        """List the definitions."""
        listing = await in_thread(self._workflows.listing)
        return as_json(
            {
                "items": list(listing.items),
                **({"notes": list(listing.notes)} if listing.notes else {}),
            }
        )

    async def rename(self, request: Request) -> Response:
        """Answer with a definition in which a task is renamed, with all references to it.

        Nothing is saved.
        """
        value = await json_object(request, MOST_BYTES * 2)
        definition = WorkflowDefinition(member(value, "definition", dict))
        before, after = member(value, "name", str), member(value, "to", str)
        try:
            renamed = await in_thread(
                lambda: rename_task(definition, before, after, self._runtime.evaluator)
            )
        except DefinitionError as error:
            raise Refused(
                "bad-request", "; ".join(problem.message for problem in error.problems)
            ) from error
        problems = [problem.to_json() for problem in renamed.problems]
        return as_json({"definition": renamed.definition.document, "problems": problems})

    async def workflow(self, request: Request) -> Response:
        """Answer with a definition as stored on disk."""
        workflow_id = request.path_params["id"]
        stored = await in_thread(lambda: self._workflows.read(workflow_id))
        headers = {"ETag": stored.etag, "Cache-Control": "no-cache"}
        none_match = request.headers.get("if-none-match", "")
        if none_match.strip() == "*" or stored.etag in none_match:
            return Response(status_code=304, headers=headers)
        return Response(stored.data, 200, headers, "application/json")

    async def save_workflow(self, request: Request) -> Response:
        """Replace a definition, or create one."""
        definition = await json_object(request, MOST_BYTES)
        workflow_id, headers = request.path_params["id"], request.headers
        stored, is_new = await in_thread(
            lambda: self._workflows.write(
                workflow_id,
                definition,
                match=headers.get("if-match"),
                none_match=headers.get("if-none-match"),
            )
        )
        answer = {"ETag": stored.etag}
        if is_new:
            answer["Location"] = quote(workflow_id)
        return Response(stored.data, 201 if is_new else 200, answer, "application/json")


def _by_method(handlers: Mapping[str, Any]) -> Any:
    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        answer: Response = await handlers[method](request)
        return answer

    return handle


def _task(draft: Draft, entry: CatalogueEntry | None, runtime: Runtime) -> HttpTask:
    if entry is None:
        return HttpTask(draft.task, name=draft.name, runtime=runtime)
    task = HttpTask(draft.task, name=draft.name, runtime=runtime, endpoint=entry.endpoint)
    # The derived schema is reused, because validators are cached by its identity.
    task.settings_schema = entry.schema
    return task


def _form(entry: CatalogueEntry) -> dict[str, Any]:
    made = form_with_needs(entry.endpoint, entry.schema)
    suggestion = suggested_pagination(entry.endpoint)
    if suggestion is not None:
        made["form"]["suggestedPagination"] = shown_suggestion(suggestion)
    return {"id": entry.endpoint.id, "prefill": entry.prefilled(), **made}


async def _json_made_by(make: Any) -> Response:
    """Answer with the value of *make* as JSON.

    It is made in a thread, because a description may be large.
    """
    return Response(await in_thread(lambda: dump(make())), media_type="application/json")
