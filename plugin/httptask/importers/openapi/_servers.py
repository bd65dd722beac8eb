"""Read servers and their variables, with absolute URLs if possible.

OpenAPI 3 has Server Objects; Swagger 2.0 has `host`, `basePath` and `schemes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from httptask._core.pointers import pointer as pointer_of
from httptask._http.server_templates import misplaced_values
from httptask.importers.openapi._context import Context, text_of
from httptask.model.api import Server

_HOST_LIKE = re.compile(r"[\w{}-]+(\.[\w{}-]+)+(:\d+)?(/|\Z)|localhost(:\d+)?(/|\Z)")
_VARIABLE = re.compile(r"\{([^{}]+)\}")
_SCHEMES = ("https", "http")


class Servers:
    """Reads the servers of one description."""

    def __init__(self, context: Context, root: Mapping[str, Any]) -> None:
        self._context = context
        self._version = context.version
        self._notes = context.notes
        self._root = root
        self._address = _address(root)

    def of_root(self) -> tuple[Server, ...]:
        """Return the servers of the operations that do not name their own."""
        if self._version.is_swagger and "servers" not in self._root:
            return self.of_swagger(self._root.get("schemes"))
        if self._root.get("servers"):
            return self.of(self._root["servers"], "#/servers")
        # OpenAPI 3.0.4, section 4.7.1: without `servers` the server is `/`.
        return self._below_address("/", "#")

    def of_swagger(self, schemes: Any) -> tuple[Server, ...]:
        """Return the servers of Swagger 2.0's `host`, `basePath` and *schemes*, https first."""
        host = self._root.get("host")
        base = self._root.get("basePath")
        path = ""
        if isinstance(base, str) and base.strip("/ "):
            path = "/" + base.strip().strip("/")
        # Without a host, it is that of the description's own address (Swagger 2.0, `host`).
        if not isinstance(host, str) or not host.strip():
            return self._below_address(path or "/", "#/basePath" if path else "#")
        written = schemes if isinstance(schemes, list) else []
        named = [str(scheme).lower() for scheme in written]
        named = [scheme for scheme in named if scheme in _SCHEMES]
        if not named:
            self._notes.add("guessed", "no scheme is named; https is taken", "#/host")
        urls = [
            f"{scheme}://{host.strip().rstrip('/')}{path}"
            for scheme in sorted(named or ["https"], reverse=True)
        ]
        return _distinct(self._server({"url": url}, "#/host") for url in urls)

    def _below_address(self, path: str, uri: str) -> tuple[Server, ...]:
        if self._address is None and path == "/":
            return ()  # without a note here: `OpenApi.read` adds one for the whole description
        return _distinct([self._server({"url": path}, uri)])

    def of(self, values: Any, uri: str) -> tuple[Server, ...]:
        """Return the usable servers of the array *values*, at *uri*."""
        values, uri = self._context.expanded(values, uri)
        if values is None:
            return ()
        if not isinstance(values, list):
            self._notes.add("skipped", "servers is no array", uri)
            return ()
        return _distinct(
            self._server(value, f"{uri}/{index}") for index, value in enumerate(values)
        )

    def _server(self, value: Any, uri: str) -> Server | None:
        """Read a Server Object. Return None, with a note, if the server cannot be used."""
        url = None
        if isinstance(value, Mapping):
            url = value.get("url")
        if not isinstance(url, str):
            self._notes.add("skipped", "a server without a url", uri)
            return None
        variables = dict(self._variables(value.get("variables"), uri))
        # Postman's spelling of a variable is doubled.
        url = url.strip().replace("{{", "{").replace("}}", "}")
        address = self._absolute(url, uri)
        if address is None:
            return None
        for name in _VARIABLE.findall(address):
            if name not in variables:
                self._notes.add("missing", f"the server's variable {name!r} is not described", uri)
        # A variable of a part that was left out, such as the query, has nothing to fill in.
        used = {name: variable for name, variable in variables.items() if f"{{{name}}}" in address}
        used = self._fitting(address, used, uri)
        return Server(address, text_of(value, "description"), used)

    def _fitting(
        self,
        address: str,
        variables: Mapping[str, dict[str, Any]],
        uri: str,
    ) -> dict[str, dict[str, Any]]:
        """Return *variables* without the values that would turn *address* into another server."""
        defaults = {name: variable.get("default") for name, variable in variables.items()}

        def fits(name: str, value: str) -> bool:
            values = {**defaults, name: value}
            return name not in dict(misplaced_values(address, values.get))

        def leave_out(name: str, value: str, member: str) -> None:
            message = (
                f"the value {value!r} of the server's variable {name!r} is left out: it would make"
                f" another server of {address}"
            )
            self._notes.add("skipped", message, pointer_of(["variables", name, member], uri))

        return {
            name: self._fitting_variable(name, variable, fits, leave_out)
            for name, variable in variables.items()
        }

    def _fitting_variable(
        self,
        name: str,
        variable: dict[str, Any],
        fits: Callable[[str, str], bool],
        leave_out: Callable[[str, str, str], None],
    ) -> dict[str, Any]:
        """Return *variable* without the values for which *fits* is false."""
        options = variable.get("enum", [])
        fitting = [option for option in options if fits(name, option)]
        for option in options:
            if option not in fitting:
                leave_out(name, option, "enum")
        default = variable.get("default")
        if default is not None and not fits(name, default):
            leave_out(name, default, "default")
            default = fitting[0] if fitting else None
        changed = {"default": default, "enum": fitting or None}
        others = {key: value for key, value in variable.items() if key not in changed}
        return {key: value for key, value in changed.items() if value is not None} | others

    def _absolute(self, url: str, uri: str) -> str | None:
        """Return *url* without query and fragment, as an absolute URL if possible.

        Return None, with a note, if the server cannot be used.
        """
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
        if scheme and scheme[1].lower() not in _SCHEMES:
            self._notes.add("skipped", f"a server that is not spoken to by HTTP: {url}", uri)
            return None
        bare = url.partition("#")[0].partition("?")[0]
        if bare != url:
            self._notes.add(
                "guessed", "the query and the fragment of a server's url are left out", uri
            )
        if scheme or bare.startswith("{"):
            return bare.rstrip("/")
        if bare.startswith("//") or _HOST_LIKE.match(bare):
            self._notes.add("guessed", f"the server {url!r} has no scheme; https is taken", uri)
            return "https://" + bare.strip("/")
        if self._address is not None:
            resolved = urljoin(self._address, bare)
            self._notes.add(
                "guessed",
                f"the server {url!r} is relative: below {self._address}, {resolved}",
                uri,
            )
            return resolved.rstrip("/")
        self._notes.add(
            "missing",
            f"the server {url!r} is relative and the description's own address unknown: give"
            " --server URL",
            uri,
        )
        path = "/" + bare.strip("./")
        return path if path != "/" else None

    def _variables(self, values: Any, uri: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (name, variable) of the Server Variable Objects *values*, repaired if necessary."""
        for name, value in values.items() if isinstance(values, Mapping) else ():
            variable_uri = pointer_of(["variables", name], uri)
            default_uri = f"{variable_uri}/default"
            if not isinstance(value, Mapping):
                value = {"default": value}
                default_uri = variable_uri
            variable: dict[str, Any] = {}
            if isinstance(value.get("default"), str | int | float):
                variable["default"] = self._text(value["default"], default_uri)
            options = value.get("enum")
            if isinstance(options, list) and options:
                variable["enum"] = [
                    self._text(option, f"{variable_uri}/enum/{index}")
                    for index, option in enumerate(options)
                    if isinstance(option, str | int | float)
                ]
            self._check_default(name, variable, default_uri)
            if isinstance(value.get("description"), str):
                variable["description"] = value["description"]
            if "default" not in variable:
                if variable.get("enum"):
                    variable["default"] = variable["enum"][0]
                self._notes.add(
                    "missing",
                    f"the server's variable {name!r} has no default",
                    f"{uri}/variables",
                )
            yield str(name), variable

    def _check_default(self, name: str, variable: dict[str, Any], uri: str) -> None:
        """Replace a default of *variable* that is not in its `enum` by the first value there.

        OpenAPI 3.1.1, section 4.8.6.1, requires the default to be in the `enum`.
        """
        default = variable.get("default")
        allowed = variable.get("enum")
        if default is not None and allowed and default not in allowed:
            message = (
                f"the default {default!r} of the server's variable {name!r} is none of its values:"
                f" {allowed[0]!r} is taken"
            )
            self._notes.add("guessed", message, uri)
            variable["default"] = allowed[0]

    def _text(self, value: str | float | bool, uri: str) -> str:
        if isinstance(value, str):
            return value
        return self._context.references.written(value, uri)


def _distinct(servers: Iterable[Server | None]) -> tuple[Server, ...]:
    by_url: dict[str, Server] = {}
    for server in servers:
        if server is not None:
            by_url.setdefault(server.url, server)
    return tuple(by_url.values())


def _address(root: Mapping[str, Any]) -> str | None:
    """Return the URL at which the description *root* says it was published, or None.

    Relative servers are resolved against this URL.
    """
    info = root.get("info")
    origins = None
    if isinstance(info, Mapping):
        origins = info.get("x-origin")
    candidates = [root.get("$self")]
    candidates += (
        [origin.get("url") for origin in origins if isinstance(origin, Mapping)]
        if isinstance(origins, list)
        else []
    )
    for candidate in candidates:
        if isinstance(candidate, str):
            try:
                split = urlsplit(candidate)
            except ValueError:
                continue
            # The URL of a copy in a GitHub repository does not say where the API is.
            if split.scheme in _SCHEMES and split.hostname and "github" not in split.hostname:
                return candidate
    return None
