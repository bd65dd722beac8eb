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
    "url-behind-bracket": "only a port may follow ']', found {server!r}",
    "url-lookalike": (
        "{server!r} contains a character that other programs read as one of / ? # @ and : (NFKC)"
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
    "host-ipv6-zone": "a URL cannot contain the zone of an IPv6 address",
    "host-ipv4-length": "an IPv4 address has at most {limit} numbers",
    "host-ipv4-number": "{number!r} is not a number of an IPv4 address",
    "host-ipv4-large": "{number!r} is too large for an IPv4 address",
    # No pattern (ECMA-262, section 22.2.1)
    "pattern-length": "it is longer than {limit} characters",
    "pattern-depth": "it is nested more than {limit} levels deep",
    "pattern-counts": "its repetition counts are too high",
    "pattern-parts": "it has too many parts",
    "pattern-engine": "{engineMessage}",
    "pattern-end": "it is incomplete",
    "pattern-group-unopened": "a ) has no matching (",
    "pattern-group-unclosed": "a ( has no matching )",
    "pattern-group-unnamed": "a group has no name between < and >",
    "pattern-group-twice": "two groups have the name {group}",
    "pattern-group-unknown": "(?{character} does not open a group of ECMA-262",
    "pattern-quantifier": "a quantifier has nothing to repeat",
    "pattern-quantifier-order": "the counts of a quantifier are in the wrong order",
    "pattern-character": "a {character} must be escaped here",
    "pattern-reference": "\\{group} refers to a group that does not exist",
    "pattern-reference-name": "\\k is not followed by the name of a group",
    "pattern-property": "the property {property!r} is not known",
    "pattern-escape": "\\{character} is not an escape of ECMA-262",
    "pattern-control": "\\c is not followed by a letter",
    "pattern-number": "there is no character with the number {number}",
    "pattern-digits": "\\{character} needs {count} hexadecimal digits",
    "pattern-range-order": "a character range is in the wrong order",
    "pattern-range-class": "a character range cannot begin or end with a class",
    # Once, and not for each item
    "once-route": (
        "it decides once where the run goes; use a Workflow task with 'forEach', and put the"
        " Decision into the definition that it runs"
    ),
    "once-end": (
        "it ends the run once; use a Workflow task with 'forEach', and put the Terminate into the"
        " definition that it runs"
    ),
    "once-branches": (
        "its branches run once; use a Workflow task with 'forEach', and put the Parallel into the"
        " definition that it runs, or give each task in the branches a 'forEach'"
    ),
    # Pages
    "page-needs-url": "the path of the next page's URL in a response",
    "page-needs-token": "the path of the next page's token in a response",
    "page-needs-place-of-token": "the place of the token in a request",
    "page-needs-place-of-number": "the place of the page number in a request",
    "page-needs-place-of-offset": "the place of the offset in a request",
    "page-needs-place-of-item": "the place in a request of the value from the last item",
    "page-needs-identity": "the path in an item of the value that requests the next page",
    "page-has-url": "the URL of the next page is complete",
    "page-has-link": "the Link header with rel=next has the URL (RFC 8288)",
    "page-counts": "this mode counts by itself; the mode cursor uses a value of the response",
    "page-counts-nothing": "this mode does not count; write the first value into the request",
    "page-repeats-request": "the next page is requested as the first one was, with another value",
    "page-headers": "headers contain no items; for a member of the body, write $['headers']",
    "page-without-items": "an empty page has no last item to continue from",
    "page-without-end": "nothing else ends the list in this mode: set 'total', 'more' or 'until'",
    "page-without-step": "an empty page does not advance the offset: set 'size' or 'step'",
    "page-body-as-it-is": f"{_PLACE} is sent unchanged; write it as an object",
    "page-body-no-object": f"{_PLACE} is not an object: {{name!r}} cannot be added to it",
    "page-body-no-item": f"{_PLACE} is a list without an item {{name!r}}",
    "page-query-text": "the query is one text; write it as an object with the names",
    "query-in-braces": "write the query without ${{…}}: {query}",
    # A job
    "job-result": "expected {known} or an expression",
    "job-url": "expected auto, an absolute URL, a path that begins with / or an expression",
    "job-attach": (
        "expected the absolute URL of a job, usually as an expression over the input parameters"
    ),
    # Pins
    "pin-not-base64": "this is not base64: {pythonMessage}",
    "pin-example-without-endpoint": "the task has no endpoint, so there is no documented example",
    "pin-example-undocumented": "the endpoint has no documented example of a response",
    "pin-example-other-status": (
        "the endpoint has examples for {known}, not for the status {status}"
    ),
    "pin-example-unsuccessful": (
        "the endpoint has examples for {known}, not for a successful response"
    ),
    "pin-example-number": (
        "there is no example {number}: the endpoint documents {count} for {status}"
    ),
    "pin-event": "one of its items is not a server-sent event[: {field!r} is wrong]",
    "pin-file-unnamed": "only pins that are in a file can name another file",
    "pin-file-outside": "it is not below the folder {folder} of this file",
    "pin-file-missing": "there is no such file",
    "pin-file-size": "it has more than {limit} MiB",
    "pin-file-unread": "{systemMessage}",
    # Not carried over
    "operators-proxy": "only an operator can set a proxy: see the option --proxy",
    "operators-trust": (
        "only an operator can set which certificates are trusted: see --ca-file and --insecure-host"
    ),
    "kept-in-result": (
        "the response is in the result of the task; with responseBody: file, it is stored as a file"
    ),
    "kept-within-call": "cookies of responses are used only within one call",
    "certificate-is-credential": "a client certificate is a credential of the type tls",
    "credential-file": "the file is not read here; use a credential",
    "authorisation-unknown": "httptask does not know this way to authorise",
    "authorisation-unnamed": "use --basic or --digest instead",
    "http-version": "httptask uses HTTP/1.1",
    "address-looked-up": "the address is resolved where the task runs",
    "credential-one-origin": "a credential is sent only to its own origin",
    "option-unknown": "curl has no such option[; did you mean {near}?]",
    "ways-of-its-own": "it sets how Postman behaves; see the settings of the task",
    "body-mode": "this mode of the body is not known",
    "graphql-variables": "they are not JSON",
    "several-urls": "the command has more than one URL",
    "folder-depth": "folders are nested more than {limit} deep",
    "too-many-requests": "at most {limit:,} are read; split the document",
    "not-http-url": "not over HTTP",
    "preflight": "preflight requests of a browser (CORS)",
    "page-load": "images, scripts and styles of a page",
    "digest-answer": (
        "a digest is valid for one challenge only; use a credential of the type digest"
    ),
    "signature-aws": (
        "a signature is valid for one request only; use a credential of the type awsSigV4"
    ),
    "signature": "a signature is valid for one request only[ ({scheme})]",
    "secret-as-parameter": (
        "no credential can send it there; it becomes an input parameter of the task"
    ),
}
