"""A real S3-compatible store on this machine: SeaweedFS, whose binary is in a wheel."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import servers
from temporal_servers import free_port

_IDENTITY = {"accessKey": "AKIABUCKET", "secretKey": "s3cret-of-the-bucket"}
_ROLES = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running store."""

    url: str
    endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        """AWS's environment variables for this bucket."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": _IDENTITY["accessKey"],
            "AWS_SECRET_ACCESS_KEY": _IDENTITY["secretKey"],
        }

    def objects(self) -> dict[str, bytes]:
        """Return all objects by key, read with botocore."""
        import botocore.session

        client: Any = botocore.session.Session().create_client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=_IDENTITY["accessKey"],
            aws_secret_access_key=_IDENTITY["secretKey"],
        )
        name = self.url.removeprefix("s3://").partition("/")[0]
        listed = client.list_objects_v2(Bucket=name).get("Contents", [])
        return {
            entry["Key"]: client.get_object(Bucket=name, Key=entry["Key"])["Body"].read()
            for entry in listed
        }


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[Bucket]:
    """Run the store with its data in *folder*. The first upload creates a bucket."""
    for _ in range(_ATTEMPTS):
        ports = {f"-{role}.port{kind}": free_port() for role in _ROLES for kind in ("", ".grpc")}
        endpoint = f"http://127.0.0.1:{ports['-s3.port']}"
        process = _started(folder, ports)
        if _answers(endpoint, process):
            break
    else:
        raise AssertionError(f"SeaweedFS does not begin: {(folder / 'log').read_text()[-2000:]}")
    try:
        yield Bucket("s3://shared/of/workers", endpoint)
    finally:
        process.kill()  # a graceful end takes minutes, and the data is not needed
        process.wait(servers.HANG_SECONDS)


_ATTEMPTS = 5
"""The number of attempts to start: another process may take the free port first."""


def _started(folder: Path, ports: Mapping[str, int]) -> subprocess.Popen[bytes]:
    identities = [{"name": "tests", "credentials": [_IDENTITY], "actions": ["Admin"]}]
    configuration = folder / "identities.json"
    configuration.write_text(json.dumps({"identities": identities}), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("weed")),
        "server",
        "-ip=127.0.0.1",
        f"-dir={folder}",
        "-master.telemetry=false",
        "-volume.max=2",
        "-filer",
        "-s3",
        f"-s3.config={configuration}",
        *(f"-{role}.localSocket={folder / role}.sock" for role in ("filer", "s3")),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"{option}={port}" for option, port in ports.items()),
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
        )


def _answers(endpoint: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until *process* answers at *endpoint*; return False if it has ended instead."""
    deadline = time.monotonic() + servers.HANG_SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        try:
            urllib.request.urlopen(endpoint, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 403:  # it answers, and wants credentials
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False
