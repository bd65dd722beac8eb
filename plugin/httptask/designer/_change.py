"""*Change API*: move a task to another endpoint, keeping the settings that fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._core.pointers import pointer
from httptask._core.strict_json import JsonError, dump, parse
from httptask._http.syntax import PLACEHOLDER
from httptask.building import is_reference
from httptask.designer._catalogue import CatalogueEntry
from httptask.designer._form_tree import GROUPS, FormTree, Node
from httptask.expressions import has_expression, is_expression
from httptask.model.api import Endpoint, Server

_PARAMETERS = ("pathParameters", "query")
"""Groups between which a value may move: the other endpoint may expect it in the other group."""

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+")
_FITS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "map": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "file": (str, dict),
}
"""Kind of field -> the types of its values. Other kinds take any value."""

_OF_NAMES = frozenset(("object", "map"))
"""Kinds of field whose values are moved name by name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A task for another endpoint."""

    task: dict[str, Any]
    dropped: tuple[str, ...]
    """JSON Pointers, into the old task, of values for which the new endpoint has no field."""


def changed(
    task: Mapping[str, Any],
    old: CatalogueEntry | None,
    new: CatalogueEntry,
) -> Changed:
    """Return *task*, which is for *old*, as a task for *new*.

    *old* is None for a free-form request or an unknown endpoint. A value is kept if *new* has a
    field of its name that can hold it. A name that *old* does not document is the author's own, and
    is kept if *new* allows additional names. The address is kept, unless it is one of *old*'s
    documented servers. `nextTask` and the settings for how the task is run are kept.
    """
    prefill = new.prefilled
    request = task.get("httpRequest")
    new_request = {
        name: value
        for name, value in prefill["httpRequest"].items()
        if name in ("url", "method", *GROUPS)
    }
    dropped: list[str] = []
    if isinstance(request, Mapping):
        new_request["url"] = changed_url(
            request.get("url"),
            old.endpoint if old else None,
            new.endpoint,
            new_request["url"],
        )
        carrying = _Carrying(old, new)
        new_request |= carrying.request(request, new_request)
        new_request |= {
            name: value
            for name, value in request.items()
            if name not in new_request and name not in GROUPS and name != "method"
        }
        dropped = carrying.dropped
    elif request is not None:
        dropped = ["/httpRequest"]
    result = {
        **task,
        "type": "Http",
        "endpoint": new.endpoint.id,
        "httpRequest": new_request,
    }
    if not task.get("description") or (old and task["description"] == old.prefilled["description"]):
        result["description"] = prefill["description"]
    order = [*prefill, *result]
    return Changed(
        {name: result[name] for name in dict.fromkeys(order) if name in result}, tuple(dropped)
    )


def name_of(endpoint: Endpoint) -> str:
    """Return the title of a new task for *endpoint*."""
    return endpoint.title or endpoint.path


# The address


def changed_url(
    url: Any,
    old: Endpoint | None,
    new: Endpoint,
    prefilled: str,
) -> str:
    """Return the URL of a task for *new*; its URL was *url* for *old*.

    *prefilled* is *new*'s documented URL.
    """
    if not isinstance(url, str) or not url.strip() or re.fullmatch(r"\w+://", url.strip()):
        return prefilled
    own = next((address for server in new.servers if (address := _begins(url, server))), None)
    if own is not None:
        return own + new.target
    address = _address(url, old)
    if address is None:
        return url if has_expression(url) else prefilled
    old_servers = old.servers if old is not None else ()
    if not address or any(_begins(address, server) == address for server in old_servers):
        return prefilled
    return address + new.target


def _begins(url: str, server: Server) -> str | None:
    """Return the part of *url* that is an address of *server*, for any values of its variables.

    None if *url* begins otherwise.
    """
    for template in (server.url, server.address):
        pattern = "".join(
            re.escape(part) if index % 2 == 0 else r"[^/?#]*"
            for index, part in enumerate(PLACEHOLDER.split(template.rstrip("/")))
        )
        match = re.match(rf"({pattern})(?=[/?#]|$)", url)
        if match and match[1]:
            return match[1]
    return None


def _address(url: str, endpoint: Endpoint | None) -> str | None:
    """Return *url* without the path of *endpoint*; None if the path cannot be recognised."""
    if endpoint is not None:
        if url.endswith(endpoint.target):
            return url.removesuffix(endpoint.target)
        parts = PLACEHOLDER.split(endpoint.target.partition("?")[0])
        path = "".join(
            re.escape(part) if index % 2 == 0 else r"[^/?#]+" for index, part in enumerate(parts)
        )
        match = re.fullmatch(rf"(.*?){path}(?:[?#].*)?", url, re.DOTALL)
        if match:
            return match[1]
    origin = _ORIGIN.match(url)
    return origin[0] if origin else None


# Values


@dataclass(slots=True)
class _Carrying:
    """Moves values to the new endpoint, group by group."""

    old: CatalogueEntry | None
    new: CatalogueEntry
    dropped: list[str] = field(default_factory=list)

    def request(self, request: Mapping[str, Any], prefill: Mapping[str, Any]) -> dict[str, Any]:
        """Return the groups of the new request.

        They hold the values of *request* that fit, else the values of *prefill*.
        """
        tree, after = _groups(self.new)
        old_tree, before = _groups(self.old) if self.old is not None else (None, {})
        result: dict[str, Any] = {}
        homeless: dict[str, tuple[str, Any]] = {}
        for group in GROUPS:
            if group not in request:
                continue
            counterparts = _Counterparts(
                tree,
                after.get(group),
                old_tree,
                before.get(group),
                free=group == "headers",
            )
            value = self._value(
                request[group],
                counterparts,
                prefill.get(group),
                ("httpRequest", group),
            )
            if isinstance(request[group], Mapping) and group in _PARAMETERS:
                homeless |= {
                    name: (group, request[group][name])
                    for name in request[group]
                    if name not in (value or {})
                }
            if value is not None and (value or group in prefill or not isinstance(value, dict)):
                result[group] = value
        self._rehouse(homeless, tree, after, result, prefill)
        return result

    def _rehouse(
        self,
        homeless: Mapping[str, tuple[str, Any]],
        tree: FormTree,
        after: Mapping[str, Node],
        result: dict[str, Any],
        prefill: Mapping[str, Any],
    ) -> None:
        """Move a path parameter to a query parameter of the same name, or the other way round."""
        for name, (group, value) in homeless.items():
            other = next(group_name for group_name in _PARAMETERS if group_name != group)
            home = _named(tree, after.get(other)).get(name)
            if home is None or name in result.get(other, {}):
                continue
            fitting = _fitting(value, home)
            if fitting is None:
                continue
            result[other] = {
                **prefill.get(other, {}),
                **result.get(other, {}),
                name: fitting,
            }
            gone = pointer(["httpRequest", group, name])
            self.dropped = [
                dropped_pointer for dropped_pointer in self.dropped if dropped_pointer != gone
            ]

    def _value(
        self,
        value: Any,
        counterparts: _Counterparts,
        prefilled: Any,
        path: tuple[str, ...],
    ) -> Any:
        """Return the new value at *path*; None for no value.

        An expression is kept. A constant is the new endpoint's. An object is moved name by name;
        any other value is kept if the new field can hold it. A value that cannot be kept is
        recorded as dropped.
        """
        node = counterparts.after
        if node is None and not (counterparts.free and isinstance(value, Mapping)):
            self.dropped.append(pointer(path))
            return None
        if isinstance(value, str) and is_expression(value):
            return value
        if node is not None and node.kind == "const":
            is_same = prefilled is None and value in (node.view.values or ())
            return value if is_same else prefilled
        is_union = node is not None and node.kind == "union"
        if is_union and isinstance(value, Mapping) and not self._shares(value, counterparts):
            self.dropped.append(pointer(path))
            return prefilled
        has_names = node is None or node.kind in _OF_NAMES
        if not isinstance(value, Mapping) or is_reference(value) or not has_names:
            fitting = _fitting(value, node) if node is not None else None
            if fitting is None:
                self.dropped.append(pointer(path))
                return prefilled
            return fitting
        return self._object(value, counterparts, prefilled, path)

    @staticmethod
    def _shares(value: Mapping[str, Any], counterparts: _Counterparts) -> bool:
        """Say whether an option of a union has a field whose name occurs in *value*.

        Otherwise no option can be chosen for the author.
        """
        options = (
            counterparts.tree.children(counterparts.after) if counterparts.after is not None else ()
        )
        return any(
            option.kind not in ("object", "union")
            or not value.keys().isdisjoint(option.view.properties)
            for option in options
        )

    def _object(
        self,
        value: Mapping[str, Any],
        counterparts: _Counterparts,
        prefilled: Any,
        path: tuple[str, ...],
    ) -> dict[str, Any]:
        """Return the members of *value* that the new endpoint takes, over those of *prefilled*."""
        result = dict(prefilled) if isinstance(prefilled, Mapping) else {}
        homes = counterparts.named_after()
        documented = counterparts.named_before()
        for name, item in value.items():
            home = homes.get(counterparts.folded(name))
            if home is not None:
                below = counterparts.below(home, documented.get(counterparts.folded(name)))
                carried = self._value(item, below, result.get(str(home.name)), (*path, name))
                if carried is not None:
                    result[str(home.name)] = carried
            elif counterparts.takes_others and counterparts.folded(name) not in documented:
                result[name] = item
            else:
                self.dropped.append(pointer((*path, name)))
        return result


@dataclass(frozen=True, slots=True)
class _Counterparts:
    """A node in the new endpoint's form, and its counterpart in the old form."""

    tree: FormTree
    after: Node | None
    old_tree: FormTree | None
    before: Node | None
    free: bool = False
    """Whether the node is the group of headers.

    Header names are case-insensitive (RFC 9110, section 5.1), and an author may always add headers.
    """

    def folded(self, name: str) -> str:
        """Return *name* in the form in which names are compared."""
        if self.free:
            return name.lower()
        return name

    def named_after(self) -> dict[str, Node]:
        """Return the new form's fields in the node by folded name."""
        return {self.folded(name): node for name, node in _named(self.tree, self.after).items()}

    def named_before(self) -> dict[str, Node]:
        """Return the old form's fields in the counterpart by folded name."""
        return {
            self.folded(name): node for name, node in _named(self.old_tree, self.before).items()
        }

    @property
    def takes_others(self) -> bool:
        """Whether the author may add other names."""
        return self.free or (
            self.after is not None
            and (self.after.kind == "map" or self.after.view.others is not False)
        )

    def below(self, after: Node, before: Node | None) -> _Counterparts:
        """Return the counterparts for a field of the node."""
        return _Counterparts(self.tree, after, self.old_tree, before)


def _groups(entry: CatalogueEntry) -> tuple[FormTree, dict[str, Node]]:
    tree = FormTree(entry.endpoint, entry.schema)
    return tree, {str(node.path[0]): node for node in tree.groups()}


def _named(tree: FormTree | None, node: Node | None) -> dict[str, Node]:
    if tree is None or node is None or node.kind != "object":
        return {}
    return {child.name: child for child in tree.children(node) if child.name is not None}


def _fitting(value: Any, node: Node) -> Any:
    """Return *value* converted for the field of *node*; None if the field cannot hold it.

    For a text field, for example, a number becomes text.
    """
    if isinstance(value, str) and is_expression(value):
        return value
    if node.kind == "enum":
        if value in (node.view.values or ()):
            return value
        return None
    types = _FITS.get(node.kind)
    if types is None:
        return value
    # bool is a subclass of int in Python, but not a number in JSON.
    if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
        return value
    if node.kind == "string" and isinstance(value, int | float | bool):
        return dump(value)
    if node.kind == "number" and isinstance(value, str):
        return _as_number(value)
    return None


def _as_number(text: str) -> int | float | None:
    try:
        number = parse(text)
    except JsonError:
        return None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return number
    return None
