"""The sentences about a catalogue that cannot be used: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

_INSTEAD = (
    "name another catalogue with --catalogue FILE or HTTPTASK_CATALOGUE, or move this file away and"
    " import again; it was not changed"
)
_PERMISSIONS = "check the permissions of the file and its folder"

CATALOGUE: Mapping[str, str] = {
    "catalogue-unnamed": "the name of the catalogue is empty; name a file with --catalogue FILE",
    "catalogue-folder": "the catalogue {file}: it is a folder; name a file with --catalogue FILE",
    "catalogue-no-file": (
        "the catalogue {file}: it is not a regular file; name a file with --catalogue FILE"
    ),
    "catalogue-unopened": (
        "the catalogue {file}: it cannot be opened[: {systemMessage}]; "
        + _PERMISSIONS
        + ", or name another with --catalogue FILE"
    ),
    "catalogue-read-only": "the catalogue {file}: it cannot be written to; " + _PERMISSIONS,
    "catalogue-not-sqlite": (
        "the catalogue {file}: it is not a catalogue: not a SQLite file; " + _INSTEAD
    ),
    "catalogue-foreign": (
        "the catalogue {file}: it is not a catalogue: a SQLite file of another program; " + _INSTEAD
    ),
    "catalogue-newer": (
        "the catalogue {file}: it was written by a newer httptask (format {written}; this one knows"
        " {known}): update httptask; " + _INSTEAD
    ),
    "catalogue-format": "the catalogue {file}: it is damaged: format {written} never was; "
    + _INSTEAD,
    "catalogue-cut-off": "the catalogue {file}: it is damaged: cut off in its header; " + _INSTEAD,
    "catalogue-damaged": "the catalogue {file}: it is damaged; " + _INSTEAD,
    "catalogue-tables": (
        "the catalogue {file}: it is damaged: without the table {names}; " + _INSTEAD
    ),
    "catalogue-endpoint-unread": (
        "the catalogue {file}: it is damaged: an endpoint in it cannot be read; " + _INSTEAD
    ),
    "catalogue-endpoint-damaged": (
        "the catalogue {file}: an endpoint in it is damaged; move the file away and import again"
    ),
    "catalogue-endpoint-not-json": (
        "the endpoint {name!r} cannot be stored: it is not JSON ({pythonMessage}); nothing was"
        " stored"
    ),
    "catalogue-busy": (
        "the catalogue {file}: another program is writing to it; try again when that has finished"
    ),
    "catalogue-disk-full": (
        "the catalogue {file}: the disk is full; make room and try again; what was written before"
        " is still there"
    ),
    "catalogue-disk-error": (
        "the catalogue {file}: the disk gave an error; try again, or copy the file to another disk"
    ),
    "catalogue-no-fts5": (
        "the catalogue {file}: this Python's SQLite has no FTS5; use a Python whose sqlite3 module"
        " is built with it"
    ),
    "catalogue-sqlite": "the catalogue {file}: {sqliteMessage}",
}
