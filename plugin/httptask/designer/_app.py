"""The designer as an ASGI application: its routes, and the state they share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from httptask._core import packaged
from httptask._core.shared_files import FILES_VARIABLE, SharedFiles
from httptask._core.threads import in_thread
from httptask._http import secret_names
from httptask.building import Files
from httptask.designer._bodies import as_json
from httptask.designer._callbacks import Receiver
from httptask.designer._catalogue import CatalogueThread
from httptask.designer._consents import CALLBACK, Consents
from httptask.designer._credentials import Credentials
from httptask.designer._definitions import Definitions
from httptask.designer._draft_routes import DraftRoutes
from httptask.designer._drafts import SHOWN_TEXT
from httptask.designer._endpoint_routes import EndpointRoutes
from httptask.designer._expressions import Expressions
from httptask.designer._filter import ResponseFilter
from httptask.designer._folder_files import FolderFiles
from httptask.designer._form import task_settings
from httptask.designer._guards import Guards
from httptask.designer._imports import Imports
from httptask.designer._journalled_runs import JournalledRuns
from httptask.designer._page_files import page, static
from httptask.designer._pasted import MOST_PASTED, Pasted
from httptask.designer._pins import Pins
from httptask.designer._problems import (
    Refused,
    answer_http,
    answer_httptask,
    answer_refused,
    answer_unexpected,
)
from httptask.designer._runs import Runs, runs_file
from httptask.designer._sample_inputs import SampleInputs
from httptask.designer._server_runs import RunsOnServer
from httptask.designer._task_types import TaskTypes
from httptask.designer._test_request_routes import TestRequestRoutes
from httptask.designer._test_requests import TestRequests
from httptask.designer._uploads import Uploads
from httptask.designer._workflows import MOST_BYTES, Workflows, folder_of
from httptask.engines import engine_named
from httptask.engines.callbacks import CALLBACKS
from httptask.engines.callbacks import METHODS as CALLING
from httptask.errors import HttpTaskError, PluginError
from httptask.model.policy import Limits, Network
from httptask.plugins import plugin_manager
from httptask.task import Runtime
from httptask.workflow import error_classes

if TYPE_CHECKING:
    from httptask.designer._run_keeper import RunKeeper
    from httptask.plugins import PluginManager

API = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "TRACE")
_SHOWN_BODY = Limits(body=32 * 1024 * 1024)
"""Limits for a response shown on the page, which may be larger than a response in a workflow."""
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
    engine: str = "embedded",
) -> Guards:
    """Return the designer as an ASGI application, to be served alone or mounted in a host's
    application.

    *catalogue* is the file of a catalogue; None means the user's own. *workflows* is a folder of
    definitions, or the file of one; without it nothing is saved here, and the page passes tasks to
    its host (`task-save`). *runs* is the file of the journal that keeps the latest 50 runs; None
    means `.httptask/runs.sqlite3` next to the definitions, or a temporary file if there are none.

    *files* is the folder of files that requests may send; the uploads of a saved definition move
    there. None means `HTTPTASK_FILES`, else the folder `files` next to the definitions. *bucket* is
    the URL of a bucket that has the folder's files for other machines, as for a `Runtime`.
    *upload_limit* is the maximum size of an upload in bytes.

    *allow_networks* are the networks that test requests may reach besides globally routable
    addresses, and *network* is how requests leave this machine, as for a `Runtime`. *servers* maps
    a provider to the operator's own addresses of its APIs. *limits* bound a response.
    *callback_url* is the URL by which APIs reach the application, for tasks that wait for
    callbacks; None means the URL of the page that starts the run. A callback needs neither token
    nor Host: its URL is the secret. *engine* runs definitions: either an engine that keeps a
    journal, or `temporal`, whose server stores the runs; the operator sets its connection and task
    queue.

    *hosts* are the values of `Host` that are accepted besides loopback. *origins* are pages of
    other origins that may use the application. A *token*, of at least 16 characters, is required of
    everybody. *imports* lets the page import descriptions into the catalogue, from npm, an address
    or a file; None allows it if only this machine reaches the designer, without *hosts* and
    *origins*.

    Anybody who can reach the application can send test requests from this machine, with its
    credentials. The lifespan closes everything that was opened; a host that mounts the application
    takes its `lifespan` as its own. Raises `ValueError` for an invalid network and for a token that
    could be guessed, and `PluginError` for an engine that is not installed.
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
        files=FolderFiles(shared),
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
        engine=engine,
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
    app.router.redirect_slashes = False  # a path with an extra slash is not found
    return Guards(app, hosts=hosts, origins=origins, token=token)


def _files_folder(
    files: str | os.PathLike[str] | None, workflows: Path | None
) -> str | os.PathLike[str] | None:
    """Return the folder of files: *files*, `HTTPTASK_FILES`, or `files` next to the definitions."""
    folder = files or os.environ.get(FILES_VARIABLE)
    return folder if folder or workflows is None else folder_of(workflows) / "files"


_Rows: TypeAlias = tuple[tuple[str, Mapping[str, Any]], ...]
"""Paths of the API, each with its handlers by method. If two paths match, the first one counts."""


class _Designer:
    """The routes, and the state they share."""

    def __init__(
        self,
        *,
        catalogue: CatalogueThread,
        workflows: Workflows,
        runtime: Runtime,
        uploads: Uploads,
        files: FolderFiles,
        imports: Imports,
        runs: Path | None,
        receiver: Receiver,
        engine: str,
    ) -> None:
        self._catalogue = catalogue
        self._workflows = workflows
        self._definitions = Definitions(workflows, runtime)
        self._runtime = runtime
        self._runtime.uploads = uploads.path
        self._uploads = uploads
        self._files = files
        self._imports = imports
        self._tests = TestRequests()
        self._credentials = Credentials(runtime, catalogue.entry)
        self._pasted = Pasted(imports.path, self._credentials)
        self._consents = Consents(runtime, self._credentials)
        self._expressions = Expressions(workflows, runtime, catalogue.entry)
        self._filter = ResponseFilter(self._tests, runtime)
        self._receiver = receiver
        self._keeper = _keeper(engine, runs, runtime, receiver)
        self._runs = Runs(self._keeper, runtime, self._definitions)
        self._endpoints = EndpointRoutes(catalogue)
        self._drafts = DraftRoutes(catalogue, self._definitions, self._expressions, runtime)
        self._test_routes = TestRequestRoutes(
            self._tests, catalogue, self._definitions, runtime, receiver
        )
        self._task_types = TaskTypes(runtime)
        self._pins = Pins(workflows, self._tests, catalogue.entry)
        self._sample_inputs = SampleInputs(workflows)

    def routes(self) -> list[Route]:
        """Return all routes. `schemas/designer-api.openapi.json` describes those of the API."""
        api = (
            *self._catalogue_rows(),
            *self._draft_rows(),
            *self._credential_rows(),
            *self._definition_rows(),
            *self._run_rows(),
        )
        return [
            Route("/", page, methods=["GET"]),
            Route("/static/{name}", static, methods=["GET"]),
            Route(CALLBACK, self._consents.callback, methods=["GET"]),
            Route(CALLBACKS + "{token}", self._receiver.receive, methods=CALLING),
            *(
                Route(API + path, _by_method(handlers), methods=list(handlers))
                for path, handlers in api
            ),
        ]

    def _catalogue_rows(self) -> _Rows:
        """Return the routes for the page's configuration and the endpoints of the catalogue."""
        return (
            ("/config", {"GET": self.config}),
            ("/endpoints", {"GET": self._endpoints.search}),
            ("/endpoints/{id}", {"GET": self._endpoints.show}),
            ("/endpoints/{id}/form", {"GET": self._endpoints.form}),
            ("/endpoints/{id}/settings-schema", {"GET": self._endpoints.settings_schema}),
            ("/endpoints/{id}/task", {"POST": self._endpoints.task_for}),
            ("/import", self._imports.handlers()),
            ("/task-types/{name:path}/form", {"GET": self._task_types.form}),
        )

    def _draft_rows(self) -> _Rows:
        """Return the routes for a task being written: problems, expressions, test requests and
        files.
        """
        return (
            ("/validate", {"POST": self._drafts.validate}),
            ("/render", {"POST": self._drafts.render}),
            ("/test-requests", {"POST": self._test_routes.start}),
            ("/test-requests/{id}", {"DELETE": self._test_routes.cancel}),
            ("/test-requests/{id}/body", {"GET": self._test_routes.body}),
            ("/uploads", {"POST": self._uploads.receive}),
            ("/uploads/{id}", {"DELETE": self._uploads.discard}),
            ("/files", {"GET": self._files.list}),
            ("/scope", {"POST": self._expressions.scope}),
            ("/evaluate", {"POST": self._expressions.evaluate}),
            ("/conditions", {"POST": self._expressions.conditions}),
            ("/functions", {"GET": self._expressions.functions}),
            ("/filter", {"POST": self._filter.answer}),
        )

    def _credential_rows(self) -> _Rows:
        """Return the routes for credentials and for a person's consent."""
        return (
            ("/credentials", {"GET": self._credentials.list}),
            (
                "/credentials/{name:path}",  # a name may contain a slash
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
        )

    def _definition_rows(self) -> _Rows:
        """Return the routes for workflow definitions, their environments and pins."""
        return (
            ("/workflows", {"GET": self._definitions.list}),
            ("/workflows/rename", {"POST": self._definitions.rename}),
            (
                "/workflows/{id}",
                {
                    "GET": self._definitions.show,
                    "PUT": self._definitions.save,
                    "DELETE": self._definitions.remove,
                },
            ),
            ("/workflows/{id}/environments", {"GET": self._definitions.environments}),
            ("/workflows/{id}/pins", {"GET": self._pins.list}),
            (
                "/workflows/{id}/pins/{task:path}",  # a name may contain a slash
                {"PUT": self._pins.put, "DELETE": self._pins.remove},
            ),
            (
                "/workflows/{id}/sample-input",
                {"GET": self._sample_inputs.show, "PUT": self._sample_inputs.save},
            ),
            ("/input-form", {"POST": self._definitions.input_form}),
        )

    def _run_rows(self) -> _Rows:
        """Return the routes for runs of workflow definitions."""
        return (
            ("/runs", {"GET": self._runs.list, "POST": self._runs.start}),
            ("/runs/{id}", {"GET": self._runs.show, "DELETE": self._runs.stop}),
            ("/runs/{id}/events", {"GET": self._runs.events}),
            ("/runs/{id}/resume", {"POST": self._runs.resume}),
            ("/runs/{id}/signals", {"POST": self._runs.signal}),
            ("/runs/{id}/value", {"GET": self._runs.value}),
            ("/runs/{id}/visit", {"GET": self._runs.visit}),
            ("/runs/{id}/callback", {"GET": self._runs.callback}),
        )

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Close everything when the designer ends."""
        try:
            yield
        finally:
            self._tests.cancel_all()
            await self._keeper.aclose()
            self._consents.close()
            await self._imports.aclose()
            self._uploads.close()
            await self._runtime.aclose()
            await self._catalogue.aclose()

    async def config(self, request: Request) -> Response:
        """Answer with the configuration that a page needs first."""
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
            "taskTypes": self._task_types.listed(),
            "engine": self._keeper.engine,
            "runsOutlive": self._keeper.outlive,
        }
        return as_json(value)


def _keeper(engine: str, runs: Path | None, runtime: Runtime, receiver: Receiver) -> RunKeeper:
    """Return the keeper for runs by *engine*. Raises `PluginError`."""
    engine_instance = engine_named(engine, runtime.plugins)
    if engine == RunsOnServer.engine:
        return RunsOnServer(runtime)
    if not getattr(engine_instance, "keeps_journals", False):
        raise PluginError(
            f"the engine {engine} keeps no journal, from which the page shows runs: use embedded or"
            " temporal"
        )
    return JournalledRuns(runs, runtime, receiver, engine)


def _by_method(handlers: Mapping[str, Any]) -> Any:
    """Return a handler that calls the handler for the request's method."""

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        answer: Response = await handlers[method](request)
        return answer

    return handle
