"""The sentences about values that cannot be written at their position: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

UNWRITABLE: Mapping[str, str] = {
    "unwritable-body": (
        "a body of media type {mediaType} cannot be written from this value: expected {expected}"
    ),
    "unwritable-in-any": (
        "no media type of this endpoint can be written from this value: {mediaTypes}; expected a"
        " string"
    ),
    "unwritable-in-ranges": (
        "no media type of this endpoint can be written from this value: {mediaTypes}; name one in"
        " the header Content-Type"
    ),
    "unwritable-file-type": (
        "no media type of this endpoint is that of the file {name!r}[, {mediaTypes:or}]: offered"
        " are {known}; say the right one in the file's 'contentType'"
    ),
    "unwritable-json": "cannot be written as JSON: {pythonMessage}",
    "unwritable-field": "a field of media type {mediaType} is sent as text: expected a string",
    "unwritable-text": "{name!r} must be text: it is sent as it is",
    "unwritable-charset": (
        "the charset {charset!r} is not known; leave it out, and UTF-8 is written"
    ),
    "unwritable-character": (
        "the charset {charset!r} has no character {character!r}[; {other} has: leave the charset"
        " out, and it is written]"
    ),
    "unwritable-form-charset": (
        "a form cannot be written in the charset {charset!r}: its syntax is that of ASCII"
    ),
    "unwritable-charsets": (
        "the charset of a form: Content-Type has {charset!r}, and the field '_charset_' {other!r};"
        " one of them is wrong"
    ),
    "unwritable-file": (
        "a file is not possible here: only a body, or a field of a multipart body, can be a file"
    ),
    "unwritable-file-in-form": "a file cannot be sent in {mediaType}; {other} carries files",
    "unwritable-file-text": (
        'the file {name!r} is not text in {charset}: write its charset in "contentType", or "as":'
        ' "base64"'
    ),
    "unwritable-part-type": "its described media type {found!r} cannot be written in a header",
    "unwritable-boundary": (
        "the boundary {found!r} of Content-Type is not valid, or stands in a part; leave it out"
    ),
    "unwritable-boundary-missing": (
        "text for a multipart body needs its boundary: write it into Content-Type, as in"
        " '{mediaType}; boundary=xyz', or give an object, whose fields become the parts"
    ),
    "unwritable-boundary-of-files": (
        "leave the boundary {found!r} of Content-Type out: a file may hold it, nobody has read it"
    ),
    "unwritable-style": "the style {found!r} is not known; known: {known}",
    "unwritable-style-in": (
        "the style {found!r} is not for a {location} parameter; those for it: {known}"
    ),
    "unwritable-depth": "nested more than {limit} levels deep",
    "unwritable-nested": "an array or object inside another cannot be written in this style",
    "unwritable-name-in-brackets": (
        "the name {name!r} cannot be written in brackets: it is empty or holds one itself"
    ),
    "unwritable-delimiter": (
        "{found!r} holds {delimiter!r}, which separates values in this style: it would be read as"
        " two values"
    ),
    "unwritable-event": "an event is an object of {known}",
    "unwritable-event-line": "the field {name!r} of an event has one line",
    "unwritable-number": "the number cannot be written: {pythonMessage}",
    "unwritable-cookie": (
        "{found!r} cannot be written in a cookie (RFC 6265, section 4.1.1), and cookies are sent"
        " as they"
        " are given: write it as the server expects it, percent-encoded for instance"
    ),
    "unwritable-xml-root": (
        "the description gives the XML no root element: write an object whose only member is the"
        " root, or the XML as text"
    ),
    "unwritable-xml-roots": (
        "an array that is not wrapped is no single XML element; XML has one root"
    ),
    "unwritable-xml-name": "{name!r} is not a name of an XML element or attribute",
    "unwritable-xml-attribute": "an array or object cannot be an XML attribute",
    "unwritable-xml-text": "an array or object cannot be the text of an XML element",
    "unwritable-xml-character": (
        "the character {character!r} is not allowed in XML (XML 1.0, section 2.2)"
    ),
    "unwritable-xml-cdata": (
        "a carriage return is not allowed in a CDATA section: it would be read as a line feed"
    ),
    "unwritable-xml-charset": (
        "Content-Type has the charset {charset!r} and the prolog of the XML {prolog!r}: one of them"
        " is wrong"
    ),
    "unwritable-xml-prefix": "the described prefix {found!r} is none that XML has",
    "unwritable-xml-prefix-unbound": (
        "the description gives the prefix {found!r} no namespace; write the XML as text"
    ),
    "unwritable-xml-prefix-twice": (
        "the description gives the prefix {found!r} two namespaces in one element"
    ),
}
