"""Further certificates that an operator trusts, and hosts whose certificate is not checked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from httptask.cli import main
from httptask.model.policy import Network
from httptask.sending._network import warn_insecure
from httptask.task import Runtime
from tasks import call, exchange, failure, http


@pytest.fixture(autouse=True)
def warned_anew() -> Iterator[None]:
    """Forget which hosts were warned of."""
    warn_insecure.cache_clear()
    yield
    warn_insecure.cache_clear()


def test_a_further_authority_is_trusted_beside_the_usual_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By argument or HTTPTASK_CA_FILE; what was trusted before still is."""
    with (
        servers.tls_server(servers.echo_json()) as private,
        servers.tls_server(servers.echo_json()) as usual,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(usual.ca_pem))
        error = failure(http(private.url))
        assert error.kind == "tls"
        assert "HTTPTASK_CA_FILE" in str(error)
        network = Network(ca_file=private.ca_pem)
        assert call(http(private.url), network=network).status_code == 200
        assert call(http(usual.url), network=network).status_code == 200
        monkeypatch.setenv("HTTPTASK_CA_FILE", str(private.ca_pem))
        assert call(http(private.url)).status_code == 200
        assert exchange(http(private.url)).attempts[0].hops[0].notes == ()
        assert failure(http(private.url), network=Network(ca_file="")).kind == "tls"


@pytest.mark.parametrize("flaw", ["expired", "wrong-host"])
def test_a_further_authority_excuses_nothing_else(flaw: servers.TlsFlaw) -> None:
    """Its certificates are checked as any."""
    with servers.tls_server(servers.echo_json(), flaw=flaw) as server:
        error = failure(http(server.url), network=Network(ca_file=server.ca_pem))
        assert error.kind == "tls"
        assert "HTTPTASK_CA_FILE" not in str(error)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("", "no certificate"), ("x", "no certificate")]
)
def test_a_file_without_certificates_is_refused_at_once(
    content: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is sent, with its name."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=words):
        Runtime(network=Network(ca_file=path))
    assert main(["import", "x.json", "--ca-file", str(path)]) == 2
    assert f"{path}: no certificates (HTTPTASK_CA_FILE, --ca-file): " in capsys.readouterr().err


@pytest.mark.parametrize("flaw", ["untrusted", "expired", "wrong-host"])
def test_the_certificate_of_a_named_host_is_not_checked(
    flaw: servers.TlsFlaw, caplog: pytest.LogCaptureFixture
) -> None:
    """The exchange says so on that hop, and the log once; any other host is checked."""
    with servers.tls_server(servers.redirect("http://127.0.0.1:1/"), flaw=flaw) as server:
        for _ in range(2):
            network = Network(insecure_hosts=["LOCALHOST."])
            done = exchange(http(server.url, redirects=0), network=network)
            hop = done.attempts[0].hops[0]
            assert hop.response is not None, done.error
            assert hop.is_insecure
            assert hop.to_json()["insecure"]
            assert "certificate is not checked" in hop.to_json()["notes"][0]
        warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert [each.name for each in warnings] == ["httptask"]
        assert f"the certificate of localhost:{server.port} is not checked" in caplog.text
        for word, covered in (
            (f"localhost:{server.port}", True),
            (f"localhost:{server.port - 1}", False),
            ("sub.localhost", False),
            ("127.0.0.1", False),
        ):
            done = exchange(http(server.url, redirects=0), network=Network(insecure_hosts=word))
            hop = done.attempts[0].hops[0]
            assert (hop.response is not None, hop.is_insecure) == (covered, covered), word


def test_several_hosts_are_named_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in every list of an operator; an address is one however it is spelled."""
    with servers.tls_server(servers.echo_json(), "127.0.0.1", flaw="untrusted") as server:
        assert failure(http(server.url)).kind == "tls"
        monkeypatch.setenv("HTTPTASK_INSECURE_HOSTS", "a.example, 127.0.0.1")
        assert call(http(server.url)).status_code == 200
        assert call(http(f"https://127.1:{server.port}")).status_code == 200


@pytest.mark.parametrize(
    "word", ["*", "*.example", "https://a.example", "a/b", "10.0.0.0/8", "a:x"]
)
def test_a_host_that_is_none_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named by itself: no pattern, no network, no URL."""
    assert main(["import", "x.json", "--insecure-host", word]) == 2
    assert "HTTPTASK_INSECURE_HOSTS, --insecure-host" in capsys.readouterr().err


def test_a_command_says_what_it_does_not_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the exchange that it shows, and once on stderr."""
    flow = tmp_path / "flow.json"
    with servers.tls_server(servers.echo_json(), flaw="untrusted") as server:
        flow.write_text(json.dumps({"startTask": "T", "tasks": {"T": http(server.url)}}))
        words = ["test-request", str(flow), "--task", "T", "--allow-network", "127.0.0.1"]
        assert main([*words, "--insecure-host", "localhost"]) == 0
        assert "note: the certificate is not checked" in capsys.readouterr().out
        done = servers_command(*words, "--insecure-host", "localhost")
        assert done.count("the certificate of localhost") == 1


def servers_command(*words: str) -> str:
    """Return what `httptask` with *words*, in a process of its own, prints to stderr."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "httptask", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr
