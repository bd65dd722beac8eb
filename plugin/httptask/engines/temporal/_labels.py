"""Labels by which operators find runs: name, version and providers of the definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from httptask.workflow import iter_tasks

if TYPE_CHECKING:
    from httptask.model.definition import WorkflowDefinition
    from httptask.task import Runtime

_DEFINITION = SearchAttributeKey.for_keyword("HttptaskDefinition")
_VERSION = SearchAttributeKey.for_keyword("HttptaskVersion")
_PROVIDER = SearchAttributeKey.for_keyword_list("HttptaskProvider")
NAMES = (_DEFINITION.name, _VERSION.name, _PROVIDER.name)
"""The search attributes. An operator has to add them to a namespace."""

_LONGEST = 255
"""The number of characters of a keyword that databases index."""


def labels_of(
    definition: WorkflowDefinition,
    title: str,
    runtime: Runtime,
) -> dict[str, Any]:
    """Return the labels of *definition* with the name *title*; its endpoints must be loaded."""
    named = [task.get("endpoint") for _, _, task in iter_tasks(definition)]
    endpoints = [runtime.endpoint(name) for name in named if isinstance(name, str)]
    providers = dict.fromkeys(endpoint.provider for endpoint in endpoints)
    version = definition.document.get("version") or 1
    source = {"source": definition.source} if definition.source else {}
    return {
        "definition": title,
        "version": str(version),
        "provider": list(filter(None, providers)),
        **source,
    }


def search_attributes(labels: Mapping[str, Any]) -> TypedSearchAttributes:
    """Return *labels* as search attributes."""
    providers = [name[:_LONGEST] for name in labels.get("provider", ())]
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(_DEFINITION, str(labels.get("definition", ""))[:_LONGEST]),
        SearchAttributePair(_VERSION, str(labels.get("version", ""))[:_LONGEST]),
    ]
    if providers:
        pairs.append(SearchAttributePair(_PROVIDER, providers))
    return TypedSearchAttributes(pairs)
