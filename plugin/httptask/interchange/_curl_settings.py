"""Convert curl's time limits and retries to settings, and signatures to fields of a credential."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def task_settings(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings besides `httpRequest` for *values* (option -> value).

    Values are limited to the maxima of the settings.
    """
    settings: dict[str, Any] = {}
    total = _number(values.get("max-time"))
    connect = _number(values.get("connect-timeout"))
    if connect:
        settings["connectionTimeoutSeconds"] = min(math.ceil(connect), 86_400)
    if total:
        total = min(total, 604_800)
        settings["totalTimeoutSeconds"] = int(total) if total == int(total) else total
    redirects = _number(values.get("max-redirs"))
    if redirects is not None:
        settings["redirects"] = min(int(redirects), 10)
    retries = _number(values.get("retry"))
    if retries:
        settings["retry"] = {"maxAttempts": min(int(retries), 99) + 1}
        delay = _number(values.get("retry-delay"))
        if delay:  # curl waits equally long before each retry
            settings["retry"] |= {"intervalSeconds": min(int(delay), 86_400), "backoffRate": 1}
    return settings


def _number(text: str | None) -> float | None:
    """Parse *text* as a number from 0. Return None for any other text, also for curl's -1."""
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    if value is not None and 0 <= value < math.inf:
        return value
    return None


def aws_fields(
    provider: str,
    key: str,
    secret: str,
    url: str,
) -> dict[str, str]:
    """Return the fields of a credential for `--aws-sigv4` *provider* and `--user` *key*:*secret*.

    A missing service or region is taken from the host `service.region.amazonaws.com`, as in curl.
    """
    _, _, region, service = [*provider.split(":"), "", "", "", ""][:4]
    host = url.partition("://")[2].partition("/")[0]
    labels = host.split(".")
    service = service or labels[0]
    region = region or (labels[1] if len(labels) > 3 else "")
    fields = {
        "accessKeyId": key,
        "secretAccessKey": secret,
        "service": service,
    }
    if region:
        fields["region"] = region
    return fields
