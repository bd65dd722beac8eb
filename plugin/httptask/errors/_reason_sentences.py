"""The sentences of reasons, which end the sentence of a problem: see `_sentences`.

The param `reason` of a problem is an object with the `code` and `params` of one of these.
"""

from __future__ import annotations

from collections.abc import Mapping

_PLACE = "the body[, at {at!r},]"

REASONS: Mapping[str, str] = {
    # No URL
    "url-port": "the port {port!r} is not a number from 0 to 65535",
    "url-ipv6": "the text in brackets is not an IPv6 address",
    "url-behind-bracket": "after ']' only a port may follow, found {server!r}",
    "url-lookalike": (
        "{server!r} holds a character that other programs read as one of / ? # @ and : (NFKC)"
    ),
    # No server
    "host-character": "{character!r} cannot be part of a server's name",
    "host-backslash": "'\\' cannot be part of a server's name; a URL has '/'",
    "host-angle-bracket": (
        "'<' cannot be part of a server's name; write the server's name in place of the text in"
        " angle brackets"
    ),
    "host-percent": (
        "'%' cannot be part of a server's name; write the name itself, not percent-encoded"
    ),
    "host-label-empty": "a part between its dots is empty",
    "host-label-length": "a part between its dots is longer than {limit} characters",
    "host-length": "it is longer than {limit} characters",
    "host-idna": "it is not an internationalised name (IDNA): {idnaMessage}",
    "host-ipv6": "this is not an IPv6 address",
    "host-ipv6-zone": "a URL has no zone of an IPv6 address",
    "host-ipv4-length": "an IPv4 address has at most {limit} numbers",
    "host-ipv4-number": "{number!r} is not a number of an IPv4 address",
    "host-ipv4-large": "{number!r} is too large for an IPv4 address",
    # No pattern (ECMA-262, section 22.2.1)
    "pattern-length": "it is longer than {limit} characters",
    "pattern-depth": "it is nested more than {limit} levels deep",
    "pattern-counts": "its counts are too high",
    "pattern-parts": "it has too many parts",
    "pattern-engine": "{engineMessage}",
    "pattern-end": "it ends in the middle",
    "pattern-group-unopened": "a ) closes nothing",
    "pattern-group-unclosed": "a ( is not closed",
    "pattern-group-unnamed": "a group has no name between < and >",
    "pattern-group-twice": "two groups have the name {group}",
    "pattern-group-unknown": "(?{character} opens no group of ECMA-262",
    "pattern-quantifier": "a quantifier repeats nothing",
    "pattern-quantifier-order": "the counts of a quantifier are out of order",
    "pattern-character": "a {character} stands alone",
    "pattern-reference": "\\{group} refers to no group",
    "pattern-reference-name": "\\k names no group",
    "pattern-property": "the property {property!r} is not known",
    "pattern-escape": "\\{character} means nothing",
    "pattern-control": "\\c names no control character",
    "pattern-number": "no character has the number {number}",
    "pattern-digits": "\\{character} needs {count} hexadecimal digits",
    "pattern-range-order": "a range of a class is out of order",
    "pattern-range-class": "a range of a class ends in another class",
    # Once, and not for each item
    "once-route": (
        "it says where the run goes, once; give 'forEach' to a Workflow task, and put the Decision"
        " into the definition that it runs"
    ),
    "once-end": (
        "it ends the run, once; give 'forEach' to a Workflow task, and put the Terminate into the"
        " definition that it runs"
    ),
    "once-branches": (
        "its branches run once; give 'forEach' to a Workflow task, and put the Parallel into the"
        " definition that it runs, or give the tasks in the branches a 'forEach' each"
    ),
    # Pages
    "page-needs-url": "where a page has the URL of the next one",
    "page-needs-token": "where a page has the token of the next one",
    "page-needs-place-of-token": "where a request has the token",
    "page-needs-place-of-number": "where a request has the page's number",
    "page-needs-place-of-offset": "where a request has the offset",
    "page-needs-place-of-item": "where a request has what the last item says",
    "page-needs-identity": "what of the last item asks for the next page",
    "page-has-url": "the URL of the next page is complete",
    "page-has-link": "the Link header with rel=next has the URL (RFC 8288)",
    "page-counts": "this mode counts; the mode cursor uses a value of the page",
    "page-counts-nothing": (
        "no number is counted in this mode; write the first value into the request"
    ),
    "page-headers": "headers have no items; for a member of the body, write $['headers']",
    "page-without-items": "an empty page has no last item to go on from",
    "page-without-end": "nothing else ends the list in this mode: give 'total', 'more' or 'until'",
    "page-without-step": "an empty page does not move the offset: give 'size' or 'step'",
    "page-body-as-it-is": f"{_PLACE} is sent as it is; write it as an object",
    "page-body-no-object": f"{_PLACE} is not an object: {{name!r}} cannot be added to it",
    "page-body-no-item": f"{_PLACE} is a list without an item {{name!r}}",
    "page-query-text": "the query is written as one text; write it as an object with the names",
    "query-in-braces": "write the query without ${{…}}: {query}",
    # A job
    "job-result": "the result is {known} or an expression",
    "job-url": "it is auto, an absolute URL, a path that begins with / or an expression",
    "job-attach": (
        "it is the absolute URL of a job, mostly an expression over the input parameters"
    ),
    # Pins
    "pin-not-base64": "this is not base64: {pythonMessage}",
    "pin-example-without-endpoint": "the task names no endpoint that could document one",
    "pin-example-undocumented": "the endpoint documents no example of a response",
    "pin-example-other-status": (
        "the endpoint has examples for {known}, not for the status {status}"
    ),
    "pin-example-unsuccessful": (
        "the endpoint has examples for {known}, not for a successful response"
    ),
    "pin-example-number": (
        "there is no example {number}: the endpoint documents {count} for {status}"
    ),
    "pin-event": "an item of it is no server-sent event[: {field!r} is wrong]",
    "pin-file-unnamed": "only pins in a file can name another one",
    "pin-file-outside": "it is not below the folder {folder} of this file",
    "pin-file-missing": "there is no such file",
    "pin-file-size": "it has more than {limit} MiB",
    "pin-file-unread": "{systemMessage}",
    # Not carried over
    "operators-proxy": "a proxy is the operator's: see the option --proxy",
    "operators-trust": (
        "which certificates are trusted is the operator's: see --ca-file and --insecure-host"
    ),
    "kept-in-result": "a task's result holds the response; responseBody: file keeps it as a file",
    "kept-within-call": "cookies of responses are kept within one call only",
    "certificate-is-credential": "a client's certificate is a credential of the type tls",
    "credential-file": "the file is not read here; name a credential",
    "authorisation-unknown": "httptask does not know this way to authorise",
    "authorisation-unnamed": "say how: --basic or --digest",
    "http-version": "httptask speaks HTTP/1.1",
    "address-looked-up": "the address is looked up where the task runs",
    "credential-one-origin": "a credential goes to its own origin alone",
    "option-unknown": "curl has no such option[; did you mean {near}?]",
    "ways-of-its-own": "httptask has its own ways: see its settings",
    "body-mode": "the mode of the body is not known",
    "graphql-variables": "they are no JSON",
    "several-urls": "the command names more than one URL",
    "folder-depth": "folders are read {limit} deep",
    "too-many-requests": "at most {limit:,} are read; split the document",
    "not-http-url": "not over HTTP",
    "preflight": "a browser's questions beforehand",
    "page-load": "what a page loads for itself",
    "digest-answer": "a digest answers one challenge; give a credential of the type digest",
    "signature-aws": ("a signature holds for one request; give a credential of the type awsSigV4"),
    "signature": "a signature holds for one request[ ({scheme})]",
    "secret-as-parameter": (
        "no credential can carry it there; the task takes it as an input parameter"
    ),
}
