"""Change API: what of a task's settings another endpoint can take over, and what it cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._core.pointers import pointer
from httptask._core.strict_json import JsonError, dump, parse
from httptask._http.syntax import PLACEHOLDER
from httptask.building import is_reference
from httptask.designer._catalogue import Known
from httptask.designer._places import GROUPS, Place, Places
from httptask.expressions import has_expression, is_expression
from httptask.model.api import Endpoint, Server

_PARAMETERS = ("pathParameters", "query")
"""Groups between which a value of the same name moves: which of the two it is is the endpoint's
choice.
"""

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
"""Kind of field -> what its values are; any other kind may take anything."""

_OF_NAMES = frozenset(("object", "map"))
"""Kinds of field whose values are carried over name by name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A task for another endpoint."""

    task: dict[str, Any]
    dropped: tuple[str, ...]
    """JSON Pointers into the old task: what the new endpoint has no place for."""


def changed(task: Mapping[str, Any], old: Known | None, new: Known) -> Changed:
    """Return *task*, which is for *old*, as a task for *new*; *old* is None for a free-form
    request, or an unknown endpoint.

    A value stays where *new* has a field of its name that can hold it. Names that *old* does not
    document are the author's own: they stay where *new* allows others. The address stays, unless it
    is one of *old*'s documented servers. Where the task leads and how it is run stay.
    """
    prefill = new.prefilled()
    request = task.get("httpRequest")
    kept = {
        name: value
        for name, value in prefill["httpRequest"].items()
        if name in ("url", "method", *GROUPS)
    }
    dropped: list[str] = []
    if isinstance(request, Mapping):
        kept["url"] = changed_url(
            request.get("url"), old.endpoint if old else None, new.endpoint, kept["url"]
        )
        carrying = _Carrying(old, new)
        kept |= carrying.request(request, kept)
        kept |= {
            name: value
            for name, value in request.items()
            if name not in kept and name not in GROUPS and name != "method"
        }
        dropped = carrying.dropped
    elif request is not None:
        dropped = ["/httpRequest"]
    result = {**task, "type": "Http", "endpoint": new.endpoint.id, "httpRequest": kept}
    if not task.get("description") or (
        old and task["description"] == old.prefilled()["description"]
    ):
        result["description"] = prefill["description"]
    order = [*prefill, *result]
    return Changed(
        {name: result[name] for name in dict.fromkeys(order) if name in result}, tuple(dropped)
    )


def name_of(endpoint: Endpoint) -> str:
    """Return what a new task for *endpoint* is called."""
    return endpoint.title or endpoint.path


# The address


def changed_url(url: Any, old: Endpoint | None, new: Endpoint, prefilled: str) -> str:
    """Return where a task that sent to *url* for *old* sends for *new*; *prefilled* is *new*'s
    documented URL.
    """
    if not isinstance(url, str) or not url.strip() or re.fullmatch(r"\w+://", url.strip()):
        return prefilled
    own = next((address for server in new.servers if (address := _begins(url, server))), None)
    if own is not None:
        return own + new.target
    address = _address(url, old)
    if address is None:
        return url if has_expression(url) else prefilled
    if not address or (
        old is not None and any(_begins(address, server) == address for server in old.servers)
    ):
        return prefilled
    return address + new.target


def _begins(url: str, server: Server) -> str | None:
    """Return the part of *url* that is an address of *server*, whatever its variables are; None
    when it begins otherwise.
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
    """Return *url* without the path of *endpoint*: where the author sends. None when that cannot be
    told.
    """
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
    """Carries values over, group by group."""

    old: Known | None
    new: Known
    dropped: list[str] = field(default_factory=list)

    def request(self, request: Mapping[str, Any], prefill: Mapping[str, Any]) -> dict[str, Any]:
        """Return the groups of the new request: the values of *request* that have a place, else
        those of *prefill*.
        """
        places, after = _groups(self.new)
        old_places, before = _groups(self.old) if self.old is not None else (None, {})
        result: dict[str, Any] = {}
        homeless: dict[str, tuple[str, Any]] = {}
        for group in GROUPS:
            if group not in request:
                continue
            trees = _Trees(
                places, after.get(group), old_places, before.get(group), free=group == "headers"
            )
            value = self._value(request[group], trees, prefill.get(group), ("httpRequest", group))
            if isinstance(request[group], Mapping) and group in _PARAMETERS:
                homeless |= {
                    name: (group, request[group][name])
                    for name in request[group]
                    if name not in (value or {})
                }
            if value is not None and (value or group in prefill or not isinstance(value, dict)):
                result[group] = value
        self._rehouse(homeless, places, after, result, prefill)
        return result

    def _rehouse(
        self,
        homeless: Mapping[str, tuple[str, Any]],
        places: Places,
        after: Mapping[str, Place],
        result: dict[str, Any],
        prefill: Mapping[str, Any],
    ) -> None:
        """Let a path parameter become a query parameter of the same name, and the other way
        round.
        """
        for name, (group, value) in homeless.items():
            other = next(each for each in _PARAMETERS if each != group)
            home = _named(places, after.get(other)).get(name)
            if (
                home is None
                or name in result.get(other, {})
                or (fitting := _fitting(value, home)) is None
            ):
                continue
            result[other] = {**prefill.get(other, {}), **result.get(other, {}), name: fitting}
            gone = pointer(["httpRequest", group, name])
            self.dropped = [place for place in self.dropped if place != gone]

    def _value(self, value: Any, trees: _Trees, prefilled: Any, path: tuple[str, ...]) -> Any:
        """Return what stands at *path* from now on; None for nothing."""
        place = trees.after
        if place is None and not (trees.free and isinstance(value, Mapping)):
            self.dropped.append(pointer(path))
            return None
        if isinstance(value, str) and is_expression(value):
            return value
        if place is not None and place.kind == "const":
            return (
                prefilled
                if prefilled is not None or value not in (place.view.values or ())
                else value
            )
        if (
            place is not None
            and place.kind == "union"
            and isinstance(value, Mapping)
            and not self._shares(value, trees)
        ):
            self.dropped.append(pointer(path))
            return prefilled
        if (
            not isinstance(value, Mapping)
            or is_reference(value)
            or (place is not None and place.kind not in _OF_NAMES)
        ):
            fitting = _fitting(value, place) if place is not None else None
            if fitting is None:
                self.dropped.append(pointer(path))
                return prefilled
            return fitting
        return self._object(value, trees, prefilled, path)

    @staticmethod
    def _shares(value: Mapping[str, Any], trees: _Trees) -> bool:
        """Say whether an option of a union has a field of a name that *value* has: none can be
        chosen for its author.
        """
        options = trees.places.children(trees.after) if trees.after is not None else ()
        return any(
            option.kind not in ("object", "union")
            or not value.keys().isdisjoint(option.view.properties)
            for option in options
        )

    def _object(
        self, value: Mapping[str, Any], trees: _Trees, prefilled: Any, path: tuple[str, ...]
    ) -> dict[str, Any]:
        result = dict(prefilled) if isinstance(prefilled, Mapping) else {}
        known, documented = trees.named_after(), trees.named_before()
        for name, item in value.items():
            home = known.get(trees.folded(name))
            if home is not None:
                below = trees.below(home, documented.get(trees.folded(name)))
                carried = self._value(item, below, result.get(str(home.name)), (*path, name))
                if carried is not None:
                    result[str(home.name)] = carried
            elif trees.takes_others and trees.folded(name) not in documented:
                result[name] = item
            else:
                self.dropped.append(pointer((*path, name)))
        return result


@dataclass(frozen=True, slots=True)
class _Trees:
    """One place as the new endpoint and as the old one describe it."""

    places: Places
    after: Place | None
    old_places: Places | None
    before: Place | None
    free: bool = False
    """Whether it is the headers, whose names have no case (RFC 9110, section 5.1) and of which
    there may always be more.
    """

    def folded(self, name: str) -> str:
        """Return *name* as it is compared."""
        return name.lower() if self.free else name

    def named_after(self) -> dict[str, Place]:
        return {self.folded(name): place for name, place in _named(self.places, self.after).items()}

    def named_before(self) -> dict[str, Place]:
        return {
            self.folded(name): place for name, place in _named(self.old_places, self.before).items()
        }

    @property
    def takes_others(self) -> bool:
        """Whether names of the author's own may stand here."""
        return self.free or (
            self.after is not None
            and (self.after.kind == "map" or self.after.view.others is not False)
        )

    def below(self, after: Place, before: Place | None) -> _Trees:
        return _Trees(self.places, after, self.old_places, before)


def _groups(known: Known) -> tuple[Places, dict[str, Place]]:
    places = Places(known.endpoint, known.schema)
    return places, {str(place.path[0]): place for place in places.groups()}


def _named(places: Places | None, place: Place | None) -> dict[str, Place]:
    if places is None or place is None or place.kind != "object":
        return {}
    return {child.name: child for child in places.children(place) if child.name is not None}


def _fitting(value: Any, place: Place) -> Any:
    """Return *value* as a field of *place*'s kind can hold it, a number as text for example; None
    when it cannot.
    """
    if isinstance(value, str) and is_expression(value):
        return value
    if place.kind == "enum":
        return value if value in (place.view.values or ()) else None
    types = _FITS.get(place.kind)
    if types is None or (
        isinstance(value, types) and (bool in types or not isinstance(value, bool))
    ):
        return value
    if place.kind == "string" and isinstance(value, int | float | bool):
        return dump(value)
    return _as_number(value) if place.kind == "number" and isinstance(value, str) else None


def _as_number(text: str) -> int | float | None:
    try:
        number = parse(text)
    except JsonError:
        return None
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None
