"""The data converter: JSON that keeps all digits of numbers, read and written fast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from httptask._core import quick_json
from httptask._core.shared_files import SharedFiles
from httptask._core.strict_json import dump, parse
from httptask.engines.temporal._arguments import Travelling
from httptask.engines.temporal._large import large_values


class ExactJSONConverter(JSONPlainPayloadConverter):
    """Converts our own dataclasses, and keeps all digits of numbers (RFC 8259, section 6).

    The SDK's converter handles everything else. Both write the same JSON.
    """

    def to_payload(self, value: Any) -> Payload | None:
        """Return the payload of *value*."""
        if not isinstance(value, Travelling):
            return super().to_payload(value)
        data = dump(value.to_json(), compact=True).encode()
        return Payload(metadata={"encoding": self.encoding.encode(), _OURS: b"1"}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Return the value of *payload*, of the type *type_hint*."""
        if isinstance(type_hint, type) and issubclass(type_hint, Travelling):
            return type_hint.from_json(_parsed(payload.data))
        if type_hint is None and _OURS in payload.metadata:  # the details of a failure
            return _parsed(payload.data)
        return super().from_payload(payload, type_hint)


_OURS = "httptask"
"""The key in the metadata of payloads that this converter wrote."""


def _parsed(data: bytes) -> Any:
    text = data.decode()
    value = quick_json.read(text)
    if value is quick_json.UNREAD:
        return parse(text, unique_names=False)
    return value


class ExactPayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with our converter for JSON."""

    def __init__(self) -> None:
        converters = DefaultPayloadConverter().converters.values()
        super().__init__(
            *(
                ExactJSONConverter()
                if converter.encoding == ExactJSONConverter().encoding
                else converter
                for converter in converters
            )
        )


def exact(converter: DataConverter | None, shared: SharedFiles | None = None) -> DataConverter:
    """Return *converter* with our payload converter, and a store for large values in *shared*.

    *shared* None: the operator's folder for files. A custom payload converter stays, and so do
    codecs and external storage.
    """
    converter = converter or DataConverter.default
    if converter.payload_converter_class is DefaultPayloadConverter:
        converter = replace(converter, payload_converter_class=ExactPayloadConverter)
    if converter.external_storage is None:
        storage = large_values(shared or SharedFiles.named())
        converter = replace(converter, external_storage=storage)
    return converter
