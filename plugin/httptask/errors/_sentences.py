"""The sentences of problems: a template for each code of a `Problem`, filled in from its params.

In a template, `[…]` is written only if every param in it is present, `{name!r}` is a name in
quotes, and the format of a list says how to join it: `names`, `or`, `route`, else with commas. To
show problems in another language, use another table with the same codes.

A param `reason` or `nearest` is a sentence within the sentence: an object with its own `code` and
`params`. Params such as `pythonMessage`, `sqliteMessage`, `systemMessage` and `serverMessage` are
messages of other programs, unchanged.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from httptask._visible import apart
from httptask.errors._catalogue_sentences import CATALOGUE
from httptask.errors._credential_sentences import CREDENTIAL
from httptask.errors._expression_sentences import EXPRESSIONS, NAME_FORMATS
from httptask.errors._file_sentences import FILES
from httptask.errors._pasted_sentences import PASTED
from httptask.errors._reason_sentences import REASONS
from httptask.errors._schema_sentences import SCHEMA
from httptask.errors._token_sentences import LIST_FORMATS, TEXT_FORMATS
from httptask.errors._unwritable import UNWRITABLE

SENTENCES: Mapping[str, str] = {
    **SCHEMA,
    # The settings of a request
    "name-type": "names must be strings, as in JSON",
    "method": "{found!r} is not an HTTP method: expected a name such as GET, POST or PROPFIND",
    "method-case": (
        "{found!r} is sent as {expected}: methods are case-sensitive, and this one is written in"
        " capitals (RFC 9110, section 9.1)"
    ),
    "media-type": "expected one of {known}, found {found!r}",
    "media-type-range": "{found!r} is a media range: write the media type of the body",
    "url": "not a URL: {reason}",
    "url-absolute": (
        "expected an absolute URL that starts with https:// or http://, found {found!r}"
        "[; the documented server is {server}]"
    ),
    "url-user": (
        "a URL must not contain a user name or password; name a credential in 'credentials' instead"
    ),
    "url-port-zero": "port 0 cannot be connected to",
    "url-host": "{found!r} is not the name of a server: {reason}",
    "url-characters": "a URL must not contain spaces or control characters; percent-encode them",
    "url-fragment": "the part after '#' (the fragment) is never sent",
    "url-path": (
        "expected a URL that ends with {expected}, whose values belong in 'pathParameters'; found"
        " {found!r}"
    ),
    "url-host-runs-on": (
        "the value of this expression would continue the server's name: write '/' after {server!r}"
        " if the value is a path"
    ),
    "path-parameter-missing": (
        "the URL has the placeholder {{{name}}}, but 'pathParameters' has no value for it"
    ),
    "path-value-missing": "the URL has the placeholder {{{name}}}, but there is no value for it",
    "path-value-empty": "an empty value would leave out a part of the path",
    "path-climbs": "the path segment {found!r} would lead to a parent folder of the path",
    "server-value": "{found!r} cannot be part of a server's name",
    "path-parameter-unused": "the URL has no placeholder {{{name}}} for this value",
    "header-name": "{name!r} is not a header name (RFC 9110, section 5.6.2)",
    "header-framing": "{name} is set by the HTTP library, not by the task",
    "header-not-sent": "this value is not sent: {name} is set by the HTTP library",
    "header-twice": "this is the same header as {other!r}: header names are not case-sensitive",
    "header-value": "a header value must not contain a line break or control character",
    "header-once": "{name} can be in a request only once",
    "header-host": (
        "Host is set by the HTTP library; a task can set it only if an operator allows it with"
        " HTTPTASK_ALLOW_HOST_HEADER or --allow-host-header"
    ),
    "header-host-value": "{found!r} is not a host with an optional port (RFC 9110, section 7.2)",
    "header-coding": (
        "the body is sent without the coding {found!r} that Content-Encoding names: only gzip and"
        " deflate are applied; to send encoded content, give an encoded file as the whole body"
    ),
    "header-coding-of-files": (
        "a body with files is streamed and cannot be encoded in {found!r}: remove the header"
        " Content-Encoding, or send one encoded file as the whole body"
    ),
    "query-type": (
        "expected an object with query values by name, or a list of pairs such as {example}"
    ),
    "unsent": "[{name!r} is required, but ]{found} has no form in {where}, so nothing is sent",
    "text-reads-as-json": (
        "this text is valid JSON, but as {mediaType} it is sent as a quoted string: "
        'write the value itself, or {{"$text": "…"}}, which is sent unchanged'
    ),
    "expression-not-evaluated": (
        "an expression is not possible here: [{text!r} is taken][the name {name!r} is {used}] as it"
        " stands"
    ),
    "braces": (
        "{found!r} is sent as it stands: an expression is {instead}[, with {parameter} in"
        " 'inputParameters']"
    ),
    "colon-in-path": (
        "{found!r} is sent as it stands: a path parameter is written {instead}, with its value in"
        " 'pathParameters'"
    ),
    "secret-in-the-open": (
        "this looks like a secret, and everybody who reads the definition can read it; store it as"
        " a credential and name it in 'credentials', or insert it with an expression"
    ),
    **FILES,
    **REASONS,
    **UNWRITABLE,
    "not-http": "the request cannot be written as HTTP ({pythonError})",
    # What the API answered of a setting
    "server-says": "the server says: {serverMessage}",
    # The rest of a task
    "endpoint-unknown": (
        "no endpoint {name!r} in the catalogue; find one with `httptask search WORDS`"
    ),
    **CATALOGUE,
    **CREDENTIAL,
    **EXPRESSIONS,
    "expression-type": (
        "expression {expression} yields {found}, expected {expected}[; an item of it is"
        " {items}][; its member {member!r} is an array][; in JSONata, {convert} makes one of it]"
    ),
    "name-undocumented": (
        "expression {expression}: `{path}` has no documented name {name!r}[; {known:names}][,"
        " ... ({count} in all)]"
    ),
    "name-of-other": "expression {expression}: `{path}` is {found}, which has no {name!r}",
    "task-not-run": (
        "expression {expression}: the task {name!r} runs on no route to this one, so there is"
        " nothing of it"
    ),
    "task-may-not-run": (
        "expression {expression}: the task {name!r} does not run on every route to this one;"
        " where it has not, the expression fails"
    ),
    "condition": (
        "the condition {found!r} is not an expression: write it as ${{…}}, and a comparison as"
        " ${{jsonata: …}}, in which = compares"
    ),
    "charset": "{found!r} is not a known charset",
    "response-unchecked": "no response is checked: the task names no endpoint",
    "response-undocumented": "no response is checked: its endpoint documents no responses",
    # Pagination
    "for-each-type": "a task of type {type} cannot have 'forEach': {reason}",
    "for-each-no-list": (
        "the items are {found}, not a list: give a list, an expression that yields one, or a file"
        " of JSON lines"
    ),
    "for-each-too-many": (
        "more than {limit:,} items[ ({found:,})]: no item was run; raise 'maxItems' to allow more"
    ),
    "for-each-empty": "there is no item to run the task with: the list is empty",
    "for-each-line": (
        "{name}, line {number}: {jsonMessage}; each line must be the JSON of one item"
    ),
    "for-each-line-length": (
        "{name}, line {number}: it is longer than {limit} MiB; each line must be the JSON of one"
        " item"
    ),
    "for-each-file-changed": "the file with the items changed while the task ran",
    "for-each-name": "{name!r} already has a meaning here: choose another name for the item",
    "for-each-parameter": (
        "{name!r} is the name of the item or of its index: rename the input parameter, or name the"
        " item with 'as'"
    ),
    "for-each-engine": (
        "a task with 'forEach' runs once for each item, which only an engine does: run the workflow"
        " definition, or give the inputs an item"
    ),
    "pagination-needs": "the mode {mode} needs {name!r}: {reason}",
    "pagination-refuses": "{name!r} is not used in the mode {mode}: {reason}",
    "pagination-query": "{found!r} cannot be used: {reason}",
    "pagination-endless": "the list would never end: {reason}",
    "pagination-total": (
        "{found!r} seems to be a number of pages or a position, so it does not end the list: point"
        " 'total' at the number of items in the whole list, or set 'until'"
    ),
    "pagination-path": (
        "the URL {url!r} has no placeholder {{{name}}}: write it in place of the number"
    ),
    "pagination-body": "the page's parameter cannot be written there: {reason}",
    "pagination-same-name": "{name!r} is already the page's parameter: the size needs another name",
    "pagination-unread": (
        "items are read from JSON, but {found!r} leaves the body unparsed: remove this setting, or"
        " write json"
    ),
    # Completion
    "completion-with-pagination": (
        "a task can wait for a job or read pages, not both: read the pages in another task"
    ),
    "completion-unread": (
        "the state of a job is read from JSON, but {found!r} leaves the body unparsed: remove this"
        " setting, or write json"
    ),
    "completion-value": "{found!r} cannot be used: {reason}",
    "completion-states": "{found!r} cannot mean both that the job is done and that it has failed",
    "completion-interval": "{found!r} is less than intervalSeconds, {interval}",
    "completion-attached": (
        "'original' cannot be the result of a job from 'attach', because its first answer is not"
        " known"
    ),
    "completion-mode": "{name} is not used in the mode {mode}: leave it out",
    "completion-unnamed": (
        "the request does not contain the callback URL: write ${{swf:callbackUrl}} where the API"
        " takes the URL"
    ),
    "completion-receiver": (
        "nothing listens for the callback of this task: run it in the designer, or with"
        " --callbacks HOST:PORT"
    ),
    # A workflow definition
    "definition-size": "the file is larger than {limit} MB, so it is not a workflow definition",
    "definition-unreadable": "the file cannot be read: {systemMessage}",
    "json": "cannot be read as JSON: {jsonMessage} (line {atLine}, column {column})",
    "not-json": "not JSON: {jsonMessage}",
    "definition-type": "expected an object with 'startTask' and 'tasks', found {found}",
    "definition-task": (
        "this is one task, and no workflow definition: write the task under a name of your own into"
        ' {{"startTask": "Name", "tasks": {{"Name": …}}}}'
    ),
    "definition-tasks": (
        "these are tasks, and no workflow definition: write them into"
        ' {{"startTask": "Name of the first one", "tasks": …}}'
    ),
    "definition-settings": (
        "these are the settings of a request, and no workflow definition: write them into"
        ' {{"startTask": "Name", "tasks": {{"Name": {{"type": "Http", "httpRequest": …, "end":'
        " true}}}}}}"
    ),
    "definition-description": (
        "this describes an API, and is no workflow definition: httptask import {file:shell} reads"
        " it into the catalogue"
    ),
    "definition-collection": (
        "these are requests of another tool, and no workflow definition: httptask import-request"
        " {file:shell} turns them into tasks"
    ),
    "definition-depth": (
        "the definition is nested more than {limit} levels deep; nothing else was checked"
    ),
    "name-ignored": "unknown name {name!r} is ignored",
    "task-name-empty": "a task needs a name that is not empty",
    "task-name-length": "a task's name has at most {limit} characters, {which} has {length}",
    "task-name-taken": (
        "two tasks are called {name!r}: the other one is {other}; "
        "names are unique in the whole definition, branches included"
    ),
    "rename-unknown-task": "there is no task {name!r} in the definition",
    "rename-taken": (
        "there already is a task {name!r}; names are unique in the whole definition, branches"
        " included"
    ),
    "rename-doubt": (
        "this expression may still use the task {before!r}, which is now called {after!r}; check it"
        " by hand"
    ),
    "task-not-object": "expected a task, which is an object[, found {found}]",
    "task-type-unknown": "unknown task type {name!r}; the known ones are {known}",
    "task-type-failed": ("the task type {name} failed to check this task: {pythonMessage}"),
    "task-type-waits": (
        "a {name} task waits until somebody completes it, which needs a run with a"
        " journal: httptask run --journal FILE"
    ),
    "parallel-run": (
        "a Parallel cannot be run as one task: get the tasks of its branches with"
        " httptask.workflow.next_steps"
    ),
    "parallel-depth": "Parallel tasks are nested more than {limit} levels deep",
    "route-unknown-task": "there is no task {name!r} here",
    "route-outside": (
        "{name!r} is at {place}, outside this {scope}; a task can only lead to tasks of the same"
        " branch"
    ),
    "route-twice": "'end' is true and there is a 'nextTask' too: a task has exactly one of the two",
    "route-missing": "a task needs either 'nextTask' or 'end': true",
    "condition-member": (
        "$ is the output of the task before, which has no {name!r}; it has {known}[; the run's"
        " other data is read as {expression}]"
    ),
    "decision-end": "a Decision cannot have 'end': true; let it lead to a task that ends",
    "decision-next": (
        "a Decision has no 'nextTask': it leads to the 'nextTask' of one of its 'choices', or to"
        " 'defaultTask'"
    ),
    "parallel-end": (
        "a Parallel cannot have 'end': true; let it lead to a Terminate or another task that ends"
    ),
    "parallel-next": "a Parallel needs 'nextTask', because it cannot be the end",
    "terminate-next": "a Terminate has no 'nextTask': it ends the run",
    "error-class-unknown": ("there is no error class {name!r}; known: {known}"),
    "error-route-unused": ("this route is never taken: earlier routes match all its errors"),
    "unreached": "{name!r} is never reached from {start!r}",
    "busy-loop": (
        "the loop {tasks:route} never waits, and may send requests as fast as it can; add a Wait"
    ),
    "wait-end": "a Wait needs either 'seconds' or 'until', not both",
    "endless-loop": "an endless loop: {tasks:route} never reaches an end",
    # A definition that another one runs
    "workflow-unknown": "there is no definition {name!r} next to this one",
    "workflow-expression": (
        "the id of a definition cannot be an expression, because definitions are checked before the"
        " run; let a Decision choose between several Workflow tasks"
    ),
    "workflow-depth": (
        "{name!r} is not run: runs are nested more than {limit} deep (an operator can raise the"
        " limit with --max-depth or HTTPTASK_MAX_DEPTH)"
    ),
    "workflow-cycle": "these definitions run each other without end: {tasks:route}",
    # An environment
    "environment-unknown": (
        "there is no environment {name!r}: it would be the file {name}.json in the folder {folder}"
        "[; there are: {known}]"
    ),
    "environment-server": (
        "expected the address of a server, such as https://api.example.com/v1, without user, query"
        " and fragment, found {found!r}"
    ),
    "environment-server-unused": "no task sends a request to {server}",
    "environment-credential-unused": "no task names the credential {name!r}",
    "environment-credential-unknown": (
        "there is no credential {name!r} on this machine: httptask credentials set {name:shell}"
        " adds it"
    ),
    # Pins
    "pins-missing": "there are no pins in {file}: pin a response on the page, or write the file",
    "pin-task-unknown": "there is no task {name!r} that sends a request",
    "pin-task-type": (
        "{name!r} is a task of the type {type}, which sends no request: pin the tasks that do"
    ),
    "pin-definition-unknown": "the definition does not run another one with the id {name!r}",
    "pin-form": (
        "a pin is a response, the documented example or an error: give only one of {names:or}"
    ),
    "pin-list": (
        "this list is nested too deeply: a list has one answer for each request, and only a task"
        " with forEach has a list of such lists, one for each item"
    ),
    "pin-base64": "this is not base64: {pythonMessage}",
    "pin-body-file": "this file cannot be the body: {reason}",
    "pin-unfit": "this pin cannot answer a request: {reason}",
    "pin-response": "the endpoint documents another response: {differenceMessage}",
    "pin-endpoint": (
        "this pin was made when the task had the endpoint {found!r}[, and it now has {expected!r}]:"
        " check that the pin still fits, or pin a response again"
    ),
    # A new description
    "endpoint-removed": "{method} {path} is not in the new description",
    "endpoint-renamed": "the endpoint has another id, because its path changed",
    "servers-changed": "the new description names other servers: {servers}",
    **PASTED,
}

_FRAME = "[the query value {inUrl!r} in the URL: ]{sentence}[{hint}]"
"""The frame of sentences with the param `inUrl` (the query value they are about) or `hint`."""

_HINTS = {
    "catalogue-of-old": " (an older httptask wrote it, and it has to be converted once)",
    "encoded-text": '; {"$text": "…"} sends text that is encoded already',
    "null-body": '; a null is an absent field, and {"$text": "null"} is JSON\'s null as the body',
    "no-server": "; the description names no server: put the API's address in front",
    "jsonata-compares": "; a comparison is JSONata: ${jsonata: …}",
}
"""Param `hint` -> text."""


def sentence(code: str, params: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """Return the sentence for *code*, filled in with *params*.

    *titles* replace the names of settings in the words of the sentence. Params stay as they are.
    """
    filled = _FORMATTER.filled if not titles else _Formatter(titles).filled
    text = filled(SENTENCES[code], params)
    if not params.keys() & {"inUrl", "hint"}:
        return text
    hint = {"hint": _HINTS[params["hint"]]} if "hint" in params else {}
    return filled(_FRAME, {**params, **hint, "sentence": text})


_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_NAME = re.compile(r"(?<!\[)'(\w+)'(?!\])")
"""A name of a setting in a template; in brackets it is a part of a path."""


class _Formatter(string.Formatter):
    """Fills in templates; *titles* replace the names of settings in them."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    def filled(self, template: str, params: Mapping[str, Any]) -> str:
        """Fill in *template* with *params*; optional parts that lack a param are left out."""

        def optional_part(match: re.Match[str]) -> str:
            names = {name for _, name, _, _ in self.parse(match[1]) if name}
            if not names:
                return match[0]
            return match[1] if names <= params.keys() else ""

        if self._titles:
            template = _NAME.sub(self._title, template)
        return self.vformat(_OPTIONAL.sub(optional_part, template), (), params)

    def _title(self, name: re.Match[str]) -> str:
        title = self._titles.get(name[1])
        return f"“{title}”" if title else name[0]

    def _inner(self, problem: Mapping[str, Any]) -> str:
        """Return the sentence of *problem*, a JSON object, with its pointer and its suggestion."""
        code, params = problem["code"], problem.get("params", {})
        text = sentence(code, params, self._titles) if code in SENTENCES else code
        pointer = f"{problem['pointer']}: " if problem.get("pointer") else ""
        hint = f" (did you mean {apart(problem['suggestion'])}?)" if "suggestion" in problem else ""
        return f"{pointer}{text}{hint}"

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec == "sentences":
            return "; ".join(map(self._inner, value))
        if isinstance(value, list | tuple):
            return _LISTS[format_spec](value)
        if isinstance(value, Mapping):
            return self._inner(value)
        if format_spec == "apart":
            return apart(value)
        if format_spec in TEXT_FORMATS:
            return TEXT_FORMATS[format_spec](value)
        return super().format_field(value, format_spec)


_FORMATTER = _Formatter({})


def _quoted(name: str) -> str:
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 3]}..."
    return json.dumps(name, ensure_ascii=False)


_LONGEST = 118
"""The most characters of a name in a sentence."""

_LISTS: dict[str, Callable[[Any], str]] = {
    "": ", ".join,
    "or": " or ".join,
    "and": " and ".join,
    "either": lambda names: "either " + ", or ".join(names),
    "joined": lambda names: repr(", ".join(names)),
    "placeholders": lambda names: ", ".join(f"{{{name}}}" for name in names),
    "places": lambda keys: "; ".join(f"{key['in']} {key['name']!r}" for key in keys),
    "quoted": lambda names: " and ".join(map(repr, names)),
    "names": lambda names: (
        f"known names: {', '.join(map(_quoted, names))}" if names else "no names are known here"
    ),
    "route": lambda names: " -> ".join(map(repr, names)),
    **LIST_FORMATS,
    **NAME_FORMATS,
}
