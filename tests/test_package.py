"""The package as a whole: its manifest, its schemas, its public names, its wheel, its floors."""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from operator import attrgetter
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import httptask
from httptask import hookspecs
from httptask._core import packaged
from httptask.cli import FAMILIES
from places import ROOT

MANIFEST = json.loads((ROOT / "manifest.json").read_text("utf-8"))
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = SETTINGS["project"]
PINNED, LOWEST = ROOT / "constraints.txt", ROOT / "tests" / "constraints-lowest.txt"


def test_the_manifest_satisfies_its_own_schema() -> None:
    """schemas/manifest.schema.json says what a manifest is."""
    Draft202012Validator(packaged.schema("manifest")).validate(MANIFEST)


def test_the_manifest_says_what_the_project_says() -> None:
    """Name, version, licence and Python are those of pyproject.toml."""
    for ours, theirs in (
        ("name", "name"),
        ("version", "version"),
        ("license", "license"),
        ("requiresPython", "requires-python"),
    ):
        assert MANIFEST[ours] == PROJECT[theirs]


def test_the_manifest_says_what_the_code_does() -> None:
    """Hooks, commands, schemas and public names are those of the code; the named things are held by
    the hooks' tests.
    """
    hooks = {}
    for name in dir(hookspecs):
        if name.startswith("httptask_"):
            hooks[name] = (
                "first" if getattr(hookspecs, name).httptask_spec["firstresult"] else "all"
            )
    assert {hook["name"]: hook["answers"] for hook in MANIFEST["hooks"]} == hooks
    commands = argparse.ArgumentParser().add_subparsers()
    for family in FAMILIES:
        family.add(commands)
    assert MANIFEST["commands"] == list(commands.choices)
    assert MANIFEST["schemas"] == packaged.schema_names()
    assert MANIFEST["publicNames"] == sorted(
        httptask.__all__, key=lambda name: (name.islower(), name)
    )
    assert MANIFEST["entryPointGroup"] == hookspecs.PROJECT


@pytest.mark.parametrize("name", packaged.schema_names())
def test_every_shipped_schema_is_valid(name: str) -> None:
    """Each of our own schemas is JSON Schema 2020-12 and says what it is."""
    schema = packaged.schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]


def test_every_public_name_is_there() -> None:
    """`from httptask import X` works for everything promised, and `dir` shows it."""
    for name in httptask.__all__:
        assert getattr(httptask, name) is not None
        assert name in dir(httptask)
    with pytest.raises(AttributeError):
        httptask.nothing_of_that_name  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import httptask` leaves httpx, jsonschema and the rest for those who need them."""
    code = "import sys, httptask; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {
        "httpx",
        "httpcore",
        "jsonschema",
        "jsonata",
        "jsonpath_rfc9535",
        "pluggy",
        "asyncio",
        "sqlite3",
    } & set(loaded)


def test_the_command_line_starts_without_what_single_commands_need() -> None:
    """`httptask --version` and help load no event loop, and no model of requests and responses."""
    code = "import sys, httptask.cli; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {
        "asyncio",
        "ssl",
        "tempfile",
        "uuid",
        "httptask.model.api",
        "httptask.model.exchange",
        "httptask.model.for_each",
        "httptask.plugins",
    } & set(loaded)


def test_commands_start_without_the_command_line_of_httpx() -> None:
    """Commands never load httpx's own, with click, rich and Pygments, which are installed here."""
    code = (
        "import sys, httptask.__main__, rich, httpx; print(sys.modules['httpx._main'], httpx.main)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.startswith("None <function main")


def test_the_error_tree_is_drawn_as_it_is() -> None:
    """The picture at the top of errors.py names every error, its class of outcome included."""
    from httptask import errors

    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"HttpTaskError"}
    real = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.HttpTaskError)
    }
    assert drawn == real
    for name in real:
        kind = vars(getattr(errors, name)).get("kind")
        if kind and name != "TaskError":
            assert re.search(rf"{name} +{kind} ", errors.__doc__ or ""), name


def test_no_two_modules_of_the_fixed_shape_are_missing() -> None:
    """The top level is what was agreed, and nothing else."""
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    top = {path.partition("/")[0] for path in tracked}
    allowed = {
        "pyproject.toml",
        "plugin",
        "schemas",
        "tests",
        "manifest.json",
        "README.md",
        "Makefile",
        "LICENSE",
    }
    allowed |= {"constraints.txt", "CHANGELOG.md", "docs"}
    assert {name for name in top if not name.startswith(".")} <= allowed


def pins_of(constraints: Path) -> dict[str, Requirement]:
    """Read a file of constraints, by the name of the package."""
    lines = constraints.read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.lstrip().startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def direct_requirements() -> list[Requirement]:
    """Return what pyproject.toml asks for: to build, to run, and for every extra, the tests' own
    included.
    """
    extras = itertools.chain.from_iterable(PROJECT["optional-dependencies"].values())
    texts = [*SETTINGS["build-system"]["requires"], *PROJECT["dependencies"], *extras]
    return [
        requirement
        for requirement in map(Requirement, texts)
        if requirement.name != PROJECT["name"]
    ]


@pytest.mark.parametrize("constraints", [PINNED, LOWEST], ids=attrgetter("name"))
def test_every_package_has_one_exact_version(constraints: Path) -> None:
    """A clone installs in two years what it installs today, from whatever index pip uses."""
    for pin in pins_of(constraints).values():
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin
        assert pin.url is None


@pytest.mark.parametrize("constraints", [PINNED, LOWEST], ids=attrgetter("name"))
@pytest.mark.parametrize("requirement", direct_requirements(), ids=attrgetter("name"))
def test_every_requirement_is_pinned_within_its_bounds(
    constraints: Path, requirement: Requirement
) -> None:
    """What pyproject.toml asks for, to build as well, has its version: run `make constraints`."""
    pin = pins_of(constraints)[canonicalize_name(requirement.name)]
    (version,) = pin.specifier
    assert version.version in requirement.specifier


@pytest.mark.parametrize("requirement", direct_requirements(), ids=attrgetter("name"))
def test_every_requirement_claims_a_lower_bound_that_is_tested(requirement: Requirement) -> None:
    """`make test RESOLUTION=lowest` installs the oldest release that pyproject.toml claims."""
    (bound,) = [bound for bound in requirement.specifier if bound.operator == ">="]
    claimed = Version(bound.version)
    (tested,) = pins_of(LOWEST)[canonicalize_name(requirement.name)].specifier
    assert Version(tested.version).release[: len(claimed.release)] == claimed.release


def test_the_claimed_pythons_are_those_of_the_constraints() -> None:
    """Versions are looked up for the oldest Python on, with which the classifiers begin."""
    claimed = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert PROJECT["requires-python"] == f">={claimed[0]}"
    assert f"--python-version {claimed[0]} " in (ROOT / "Makefile").read_text("utf-8")


def test_the_source_archive_has_the_documents(tmp_path: Path) -> None:
    """Whoever unpacks it can read every document, and every relative link of the README leads
    somewhere.
    """
    build = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "sdist",
        "--directory",
        str(tmp_path),
    ]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    documents = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("docs/**/*.*"), *ROOT.glob(".github/*.md")]
    }
    assert {"README.md", "CHANGELOG.md", "LICENSE", *documents} <= names


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a release would."""
    out = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "-w",
        str(out),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_carries_what_the_package_reads(wheel: Path) -> None:
    """Schemas, manifest, the seed's page and the type marker are inside the package; tests are
    not.
    """
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"httptask/schemas/{path.name}" for path in (ROOT / "schemas").iterdir()}
    wanted |= {"httptask/manifest.json", "httptask/py.typed", "httptask/catalogue/shipped.json"}
    wanted |= {f"httptask/pages/{path.name}" for path in packaged.pages()}
    assert wanted <= names
    assert not [name for name in names if "/test_" in name or name.startswith("tests")]


def test_the_installed_wheel_finds_the_seed_on_a_new_machine(wheel: Path, tmp_path: Path) -> None:
    """Unpacked somewhere else, with no checkout in sight, the first search finds the seed's
    endpoint.
    """
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    # -S and our own path: the checkout's editable install must not be what answers.
    libraries = Path(importlib.import_module("pluggy").__file__ or "").parent.parent
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path / 'site')!r}, {str(libraries)!r}]\nimport"
        " httptask; assert 'site' in httptask.__file__, httptask.__file__\nfrom httptask.cli"
        " import main; sys.exit(main(['search', 'procore', 'send', 'email', '--json']))"
    )
    environment = {**os.environ, "HTTPTASK_CATALOGUE": str(tmp_path / "c.sqlite3")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"][0]["id"].startswith(
        "procore-rest-v1-0-project-project_id-email"
    )


def test_no_lock_file_names_a_registry() -> None:
    """Packages are locked by their checksums, from whatever registry npm is told to use."""
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    locks = [path for path in tracked if path.endswith("package-lock.json")]
    assert len(locks) > 1
    for path in locks:
        packages = json.loads((ROOT / path).read_text("utf-8"))["packages"]
        for name, package in packages.items():
            if name and not package.get("link"):  # a link leads into the folder itself
                assert "resolved" not in package, (path, name)
                assert package["integrity"], (path, name)


@pytest.mark.parametrize("program", ["node", "npm"])
def test_what_needs_npm_has_its_mark(program: str) -> None:
    """A test without the mark cannot start npm or Node.js, so that `-m 'not npm'` needs neither."""
    with pytest.raises(AssertionError, match="the mark npm"):
        subprocess.run([program, "--version"], check=True)


BENCH = {
    "httptask --version": "wanted: under 150 ms",
    "import httptask, beyond": "wanted: under 120 ms",
    "validating the seed's whole task": "wanted: under 300",
    "one request, bare httpx": "alternating",
    "our work around it": "wanted: under 25 %",
    "a whole task, one at a time": "wanted: 1.8 x httpx",
    "a whole task, 32 at once": "wanted: 6 x httpx, 0.4 of aiohttp",
    "a whole task, 200 at once": "wanted: 0.85 to 1.15 of 32",
    "a whole task, 500 at once": "wanted: 0.85 to 1.15 of 32",
    "one-task definitions, 32 at once": "wanted: 1,500",
    "one-task definitions  ": "wanted: 3,000",
    "our own work, a free-form request": "wanted: under 0.12 ms",
    "a step of the interpreter, 50 steps": "wanted: 0.9 to 1.1",
    "a step of the interpreter, 10 branches": "wanted: 0.9 to 1.1",
    "a step of the embedded engine, 50 steps": "wanted: 0.9 to 1.1",
    "a step of the embedded engine, 10 branches": "wanted: 0.9 to 1.1",
    "40 tasks at once, the server takes": "wanted: 0",
    "50 tasks at once, the server answers": "wanted: 0",
    "the same, longest block of the event loop": "",
    "5 tasks to a live server, 5 to a dead one": "wanted: 0",
    "a name by JSONata": "wanted: 2 ms",
    "a filter over 60,000 records by JSONata": "wanted: 150 ms",
    "a filter over 60,000 records by JSONPath": "wanted: 150 ms",
    "Temporal, a chain of 2, 1 worker: a task": "wanted: at most 1.15",
    "Temporal, a fan-out of 2, 1 worker: a task": "wanted: at most 1.15",
    "Temporal, a cancelled run: its connection is closed": "wanted: at most",
    "Temporal, the first workflow of a worker, replayed": "wanted: 0",
    "a page of 100 items": "on the clock",
    "operations whose pagination is inferred": "",
    "the wheel": "",
}
"""The beginning of a row -> what it says is wanted. The tests' own run has fewer tasks."""


@pytest.mark.slow
def test_the_bench_takes_every_figure() -> None:
    """`make bench` prints all its rows, each with what is wanted; whether it is reached is for
    whoever reads them.
    """
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/bench/bench.py"), "--once"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    for row, bar in BENCH.items():
        lines = [line for line in printed if line.startswith(row)]
        assert lines, row
        assert all(bar in line for line in lines), lines
