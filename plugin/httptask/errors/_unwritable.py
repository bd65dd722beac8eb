"""The sentences about values that cannot be written at their position: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

UNWRITABLE: Mapping[str, str] = {
    "unwritable-body": (
        "this value cannot be sent as a body of media type {mediaType}: expected {expected}"
    ),
    "unwritable-in-any": (
        "this value cannot be sent in any media type of this endpoint ({mediaTypes}): expected a"
        " string"
    ),
    "unwritable-in-ranges": (
        "this value cannot be sent in any media type of this endpoint ({mediaTypes}): write another"
        " one in the header Content-Type"
    ),
    "unwritable-file-type": (
        "this endpoint accepts {known}, which is not the media type of the file {name!r}["
        " ({mediaTypes:or})]; if that is wrong, set the right one in the file's 'contentType'"
    ),
    "unwritable-json": "cannot be written as JSON: {pythonMessage}",
    "unwritable-field": "a field of media type {mediaType} is sent as text: expected a string",
    "unwritable-text": "{name!r} must be text: it is sent as it is",
    "unwritable-charset": "the charset {charset!r} is not known; leave it out to send UTF-8",
    "unwritable-character": (
        "the charset {charset!r} has no character {character!r}[; leave the charset out to send"
        " {other}, which has it]"
    ),
    "unwritable-form-charset": (
        "a form cannot be sent in the charset {charset!r}, in which ASCII characters have other"
        " bytes"
    ),
    "unwritable-charsets": (
        "Content-Type has the charset {charset!r}, but the field '_charset_' of the form has"
        " {other!r}: change one of them"
    ),
    "unwritable-file": (
        "a file cannot be sent here, only as the whole body or as a field of a multipart body"
    ),
    "unwritable-file-in-form": "a file cannot be sent in {mediaType}; use {other}",
    "unwritable-file-text": (
        'the file {name!r} is not text in {charset}: write its charset in "contentType", or use'
        ' "as": "base64"'
    ),
    "unwritable-part-type": (
        "the description gives this part the media type {found!r}, which cannot be written in a"
        " header"
    ),
    "unwritable-boundary": (
        "the boundary {found!r} in Content-Type is not valid, or occurs in a part: leave it out"
    ),
    "unwritable-boundary-missing": (
        "a multipart body that is text needs its boundary in Content-Type, as in '{mediaType};"
        " boundary=xyz'; or write the body as an object, whose fields become the parts"
    ),
    "unwritable-boundary-of-files": (
        "remove the boundary {found!r} from Content-Type: it could occur in a file, and files are"
        " not searched for it"
    ),
    "unwritable-style": "the style {found!r} is not known; known: {known}",
    "unwritable-style-in": (
        "the style {found!r} is not possible for a {location} parameter; known: {known}"
    ),
    "unwritable-depth": "this is nested more than {limit} levels deep",
    "unwritable-nested": "this style cannot represent an array or object inside another",
    "unwritable-name-in-brackets": (
        "the name {name!r} cannot be written in brackets: it is empty or contains a bracket"
    ),
    "unwritable-delimiter": (
        "{found!r} contains {delimiter!r}, which separates values in this style: the server would"
        " read two values"
    ),
    "unwritable-event": "an event must be an object, with fields among {known}",
    "unwritable-event-line": "the field {name!r} of an event must be one line",
    "unwritable-number": "the number cannot be written: {pythonMessage}",
    "unwritable-cookie": (
        "{found!r} cannot be written in a cookie (RFC 6265, section 4.1.1), and cookies are sent"
        " unchanged: encode the value as the server expects it, with percent-encoding for example"
    ),
    "unwritable-xml-root": (
        "the description names no root element for the XML: write an object whose only member is"
        " the root, or write the XML as text"
    ),
    "unwritable-xml-roots": (
        "this array would become several root elements, and XML has exactly one"
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
        "Content-Type has the charset {charset!r}, but the prolog of the XML has {prolog!r}: change"
        " one of them"
    ),
    "unwritable-xml-prefix": (
        "the description gives the XML prefix {found!r}, which is not a valid one"
    ),
    "unwritable-xml-prefix-unbound": (
        "the description gives the prefix {found!r} no namespace; write the XML as text"
    ),
    "unwritable-xml-prefix-twice": (
        "the description gives the prefix {found!r} two namespaces in one element"
    ),
}
