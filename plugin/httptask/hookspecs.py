"""Every hook, its manual, and a plugin to paste.

A plugin is a module (or object) with functions marked `@httptask.hookimpl`, named by an entry point
of the group `httptask`:

    [project.entry-points.httptask]
    acme = "acme_httptask"

Order of call over one run of an HTTP task:

    importing      httptask_importers
    preparing      httptask_refine_settings_schema
    starting       httptask_task_types · httptask_engines · httptask_commands
                   · httptask_expression_languages · httptask_auth_schemes
                   (once per manager, when first needed)
    Test request   httptask_test_request
    first request  httptask_rate_limiter                            once per runtime
    each attempt   httptask_credential -> httptask_prepare_request -> (authorised;
                   httptask_token_store once a runtime, when first needed)
                   -> httptask_check_egress -> (sent)
    at the end     httptask_exchange_finished

An exception in a hook that brings named things becomes a `PluginError` that names the plugin. An
installed plugin is then left out with a warning, and the others go on. With `--strict-plugins` or
`HTTPTASK_STRICT_PLUGINS=1` the error is raised instead.

Every hook is called through pluggy's call loop: wrappers (`hookimpl(wrapper=True)`) run around it,
once a call.

Rules:

- Two objects with the same name are refused; the error names both plugins.
- A misspelt hook is refused.
- pluggy calls the newest plugin first. So built-ins answer last on hooks where the first answer
  counts.
- A hook where the first answer counts is never a coroutine function, because any coroutine would
  count as an answer. An asynchronous implementation returns an awaitable, or None at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import argparse

    from httptask.model.api import Endpoint
    from httptask.model.credential import Credential
    from httptask.model.exchange import Exchange, OutgoingRequest
    from httptask.model.task import Inputs, TestOptions
    from httptask.protocols import (
        AuthFlow,
        AuthScheme,
        Engine,
        ExpressionLanguage,
        Importer,
        RateLimiter,
        TaskType,
        TokenStore,
    )

PROJECT = "httptask"
"""pluggy's project name and the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as a hook implementation."""


@hookspec
def httptask_task_types() -> Sequence[TaskType]:  # type: ignore[empty-body]
    """Bring task types. Every answer is used.

    Called by engines and by the validation of workflow definitions, once per plugin manager, in the
    caller's thread. An exception reaches the caller. The built-ins bring `Http`, `Decision`,
    `Parallel`, `Terminate`, `Wait`, `Workflow` and `Simple`.

        @httptask.hookimpl
        def httptask_task_types():
            return [NoteTask()]  # see httptask.protocols.TaskType
    """


@hookspec(firstresult=True)
def httptask_test_request(
    task: Any,
    inputs: Inputs,
    options: TestOptions,
) -> Awaitable[Exchange] | None:
    """Run a test request of *task* (an `HttpTask`) with *inputs* and return its exchange.

    The first answer counts. Called by `HttpTask.atest_request`, on the event loop: return an
    awaitable, or None at once to let the next plugin answer. An exception reaches the author. The
    built-in answers last, so that a host can run the request elsewhere: in the worker's network,
    for example.

        @httptask.hookimpl
        def httptask_test_request(task, inputs, options):
            return my_worker.run_remotely(task.definition, inputs, options)  # an awaitable
    """


@hookspec
def httptask_importers() -> Sequence[Importer]:  # type: ignore[empty-body]
    """Bring importers of descriptions. The first importer that recognises a source reads it.

    Every answer is used. Called by `read_api` and `httptask import`, once per plugin manager, in
    the caller's thread. An exception reaches the caller.

        @httptask.hookimpl
        def httptask_importers():
            return [RamlImporter()]  # see httptask.protocols.Importer
    """


@hookspec
def httptask_expression_languages() -> Sequence[ExpressionLanguage]:  # type: ignore[empty-body]
    """Bring expression languages, each with another prefix. Every answer is used.

    Called once per plugin manager. `evaluate` of a language may run in a helper process, so an
    instance must be picklable; an exception there ends the task with an `ExpressionError`. JSONPath
    has the empty prefix and is the default; JSONata has `jsonata:`.

        @httptask.hookimpl
        def httptask_expression_languages():
            return [JmesPath()]  # `${jmespath: …}`; see httptask.protocols.ExpressionLanguage
    """


@hookspec
def httptask_auth_schemes() -> Sequence[AuthScheme | AuthFlow]:  # type: ignore[empty-body]
    """Bring auth schemes; a credential's `type` is the name of its scheme.

    Every answer is used. Called once per plugin manager; `authorise` is called in every attempt, on
    the event loop, after `httptask_prepare_request`; an exception there ends the task with a
    `CredentialError`. The built-ins are `oauth2` and the schemes of `httptask.credentials.schemes`.

        @httptask.hookimpl
        def httptask_auth_schemes():
            return [HmacSignature()]  # see httptask.protocols.AuthScheme
    """


@hookspec(firstresult=True)
def httptask_credential(name: str) -> Credential | None:
    """Return the credential called *name*, or None when this store has none.

    The first answer counts. Called in a worker thread, so it may block, in every attempt of a task
    that names a credential. An exception ends the task with a `CredentialError`; its text must not
    hold the secret. The built-ins look in the environment and in an owner-only file, and answer
    last.

        @httptask.hookimpl
        def httptask_credential(name):
            token = vault.read(name)
            return token and Credential(name, "bearer", {"token": Secret(token)})
    """


@hookspec(firstresult=True)
def httptask_token_store() -> TokenStore | None:
    """Return the store of tokens, or None to let the next plugin answer. The first answer counts.

    Called once per runtime, in a worker thread, when the first token is needed, unless the runtime
    was created with a store. An exception ends the task with a `CredentialError`. The built-in
    answers last, with the file that `HTTPTASK_TOKENS` names; without a store, tokens are kept in
    memory.

        @httptask.hookimpl
        def httptask_token_store():
            return RedisTokens()  # see httptask.protocols.TokenStore
    """


@hookspec
def httptask_refine_settings_schema(schema: dict[str, Any], endpoint: Endpoint) -> None:
    """Adjust the derived settings *schema* of *endpoint*, in place. Every implementation is called.

    Called once for each endpoint that a task uses, in the caller's thread. An exception reaches the
    caller. The schema must stay valid JSON Schema 2020-12.

        @httptask.hookimpl
        def httptask_refine_settings_schema(schema, endpoint):
            if endpoint.provider == "procore":
                schema["properties"]["headers"]["properties"]["Procore-Company-Id"]["default"] = 42
    """


@hookspec
def httptask_prepare_request(request: OutgoingRequest, task: Any) -> None:
    """Change *request* of *task* (an `HttpTask`) in place, just before it is authorised.

    Every implementation is called. Called in every attempt, on the event loop: do not block. An
    exception ends the task. The settings schema does not check the changes; the egress rules still
    apply.

        @httptask.hookimpl
        def httptask_prepare_request(request, task):
            request.set_header("X-Request-Source", "workflows")
    """


@hookspec
def httptask_check_egress(host: str, address: str, port: int) -> str | None:
    """Refuse a connection to *address*, an IP address of *host*, by returning the reason.

    None: no objection. Called before every connection, on the event loop, for every resolved
    address: do not block. Any answer refuses; no implementation can undo another's refusal. An
    exception refuses too. The built-in refuses every address that is not globally routable; the
    operator exempts networks from it with `HTTPTASK_ALLOW_NETWORKS`. Behind the operator's proxy
    the hook is called twice: for the proxy, and for the server, with the *address* "" unless the
    host in the URL is an IP address.

        @httptask.hookimpl
        def httptask_check_egress(host, address, port):
            return None if port == 443 else "only port 443 is open here"
    """


@hookspec(firstresult=True)
def httptask_rate_limiter() -> RateLimiter | None:
    """Return a rate limiter that counts requests for several processes, so that they share limits.

    It applies the limits of tasks, credentials and servers. The first answer counts. Called once
    per runtime, before its first request, in that request's thread. An exception reaches the
    caller. The built-in counts the requests of this process, and answers last.

        @httptask.hookimpl
        def httptask_rate_limiter():
            return RedisLimiter("redis://limits.acme.example")  # see httptask.protocols.RateLimiter
    """


@hookspec
def httptask_exchange_finished(exchange: Exchange, task: Any) -> None:
    """Look at the finished *exchange* of *task* (an `HttpTask`): metrics, tracing, audit.

    Every implementation is called. Called on the event loop, once per call of the task that made an
    exchange, success or not (not when the task ended before its first attempt); credential values
    are already masked. An exception is logged and changes nothing.

        @httptask.hookimpl
        def httptask_exchange_finished(exchange, task):
            metrics.observe("http_task_seconds", exchange.elapsed_seconds, outcome=exchange.outcome)
    """


@hookspec
def httptask_engines() -> Sequence[Engine]:  # type: ignore[empty-body]
    """Bring engines that run workflow definitions; `--engine` picks one by name.

    Every answer is used. Called by `run_workflow` and `httptask run`, once per plugin manager. An
    exception reaches the caller. The built-in is `embedded`.

        @httptask.hookimpl
        def httptask_engines():
            return [QueueEngine()]  # see httptask.protocols.Engine
    """


@hookspec
def httptask_commands(cli: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add commands to the command line. Every implementation is called.

    *cli* is argparse's object with `add_parser`; set the parser's default `run` to a function that
    takes the parsed arguments and returns the exit status. Called when the command line starts with
    an unknown command, or asks for help. An exception ends the command line.

        @httptask.hookimpl
        def httptask_commands(cli):
            parser = cli.add_parser("audit", help="list what the tasks sent")
            parser.set_defaults(run=lambda arguments: 0)
    """
