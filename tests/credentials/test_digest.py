"""The auth scheme `digest`, against servers that check it by themselves, beside curl."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import servers
from httptask.credentials._challenges import Challenge, challenges_of
from httptask.credentials.schemes._digest import Session, session_of
from httptask.errors import CredentialError
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime, store

PASSWORD = 'c4n4ry:, "or" not?'
HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}


def hashed(algorithm: str, text: str) -> str:
    return str(HASHES[algorithm](text.encode()).hexdigest())


class Judge:
    """A server that lets in who answers its challenge, by the words of RFC 7616."""

    def __init__(self, challenge: str, *, username: str = "ann", nextnonce: bool = False) -> None:
        self.challenge = challenge
        self.username = username
        self.nextnonce = nextnonce
        self.nonce = self.first = "n0"
        self.counts: list[int] = []
        """The count of every answer, in order."""
        self.asked = 0

    def __call__(self, peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        method, target, _ = request.decode().split(" ", 2)
        line = re.search(r"(?im)^authorization: Digest (.*?)\r$", request.decode())
        if line is None or not self.lets_in(method, target, line[1]):
            self.asked += 1
            self.first = self.nonce
            lines = self.challenge.replace("NONCE", self.nonce).split("\n")
            headers = [("WWW-Authenticate", each) for each in lines]
            peer.sendall(servers.response(b"", *headers, status="401 Unauthorized"))
            return True
        more = []
        if self.nextnonce:
            self.nonce += "x"
            more = [("Authentication-Info", f'nextnonce="{self.nonce}"')]
        peer.sendall(servers.response(b"{}", servers.JSON, *more))
        return True

    def lets_in(self, method: str, target: str, line: str) -> bool:
        parts = {
            name: (quoted or plain).replace('\\"', '"')
            for name, quoted, plain in re.findall(
                r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', line
            )
        }
        algorithm = parts.get("algorithm", "MD5").removesuffix("-sess")
        is_sess = parts.get("algorithm", "").endswith("-sess")
        key = hashed(algorithm, f"{self.username}:{parts['realm']}:{PASSWORD}")
        if is_sess:
            key = hashed(algorithm, f"{key}:{self.first}:{parts['cnonce']}")
        request = hashed(algorithm, f"{method}:{parts['uri']}")
        middle = ""
        if "qop" in parts:
            middle = f":{parts['nc']}:{parts['cnonce']}:{parts['qop']}"
            self.counts.append(int(parts["nc"], 16))
        right = hashed(algorithm, f"{key}:{parts['nonce']}{middle}:{request}")
        names = {self.username, hashed(algorithm, f"{self.username}:{parts['realm']}")}
        name = parts.get("username") or httpx.URL("?" + parts["username*"][7:]).query.decode()
        return (
            parts["response"] == right
            and parts["uri"] == target
            and parts["nonce"] == self.nonce
            and (name in names or "%" in name)
        )


@pytest.fixture(autouse=True)
def credential(monkeypatch: pytest.MonkeyPatch) -> None:
    store(monkeypatch, cam={"type": "digest", "username": "ann", "password": PASSWORD})


def task(url: str, **fields: Any) -> dict[str, Any]:
    return http(url, credentials="cam", **fields)


CHALLENGES = {
    "rfc 2069": 'Digest realm="a, b", nonce="NONCE"',
    "md5": 'Digest realm="a \\"b\\"", nonce="NONCE", qop="auth,auth-int", opaque="o=,"',
    "sha-256": 'Digest realm="r", nonce="NONCE", algorithm=SHA-256, qop="auth"',
    "md5-sess": 'Digest realm="r", nonce="NONCE", algorithm=MD5-sess, qop=auth',
    "sha-256-sess": 'Digest realm="r", nonce="NONCE", algorithm=SHA-256-sess, qop="auth"',
}


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
def test_a_challenge_is_answered_as_curl_answers_it(challenge: str) -> None:
    """The server, which lets curl in, lets the task in, for any URL and method."""
    judge = Judge(challenge)
    with servers.raw_server(judge) as server:
        url = server.url + "/a%20b/%2F?q=1&r=%C3%A9"
        judged = servers.curl("--digest", "-u", f"ann:{PASSWORD}", url)
        assert "200 OK" in judged.stdout
        result = call(task(url, request={"method": "POST", "body": {"a": 1}}))
        assert b'{"a":1}' in server.received[-1].replace(b" ", b"")
    assert result.status_code == 200


def test_the_examples_of_the_rfc() -> None:
    """RFC 7616, section 3.9.1, and 3.9.2 as erratum 4897 has it."""
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={},'
        ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
        ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    both = [challenge.format("SHA-256"), challenge.format("MD5")]
    answers = {
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    }
    for lines in (both, both[1:]):
        session = session_of(challenges_of(lines))
        assert session is not None
        session.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        header = session.authorization("Mufasa", "Circle of Life", "GET", "/dir/index.html")
        assert f'response="{answers[session.algorithm]}"' in header
        assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in header
    [hashed_name] = challenges_of(
        [
            (
                'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256,'
                ' nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",'
                ' opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
            )
        ]
    )
    session = session_of([hashed_name])
    assert session is not None
    session.cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    header = session.authorization("Jäsøn Doe", "Secret, or not?", "GET", "/doe.json")
    assert 'response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"' in header
    name = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert f'username="{name}"' in header
    assert "userhash=true" in header


def test_challenges_are_told_apart() -> None:
    """Several stand in a line, with commas and quotes in their values (RFC 9110, section 11.6.1)."""
    lines = [
        'Newauth realm="apps", type=1,   title="Login to \\"apps\\"", Basic realm="simple"',
        'Negotiate, Digest realm="a, b=c",nonce=x ,, Other YWJj==, Foo',
        '"no scheme"',
    ]
    assert list(challenges_of(lines)) == [
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
        Challenge("basic", {"realm": "simple"}),
        Challenge("negotiate"),
        Challenge("digest", {"realm": "a, b=c", "nonce": "x"}),
        Challenge("other"),
        Challenge("foo"),
    ]


def test_the_strongest_challenge_is_answered() -> None:
    """Whatever their order, and in one header or several."""
    weak = 'Basic realm="r", Digest realm="r", nonce="NONCE", qop="auth", algorithm=MD5'
    strong = 'Digest realm="r", nonce="NONCE", qop="auth", algorithm=SHA-256'
    for challenge in (f"{weak}, {strong}", f"{weak}\n{strong}", f"{strong}\n{weak}"):
        with servers.raw_server(Judge(challenge)) as server:
            call(task(server.url))
            assert b"algorithm=SHA-256" in server.received[-1]


def test_the_strongest_algorithm_is_known() -> None:
    """SHA-512-256 is SHA-512/256 of FIPS 180-4; curl 7.88 takes SHA-256 for it."""
    with servers.raw_server(
        Judge('Digest realm="r", nonce="NONCE", algorithm=SHA-512-256, qop="auth"')
    ) as server:
        assert call(task(server.url)).status_code == 200


def test_a_name_beyond_ascii_is_sent_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7616, section 3.4: `username*` where the server reads UTF-8, hashed where it asks for
    that.
    """
    store(monkeypatch, cam={"type": "digest", "username": "Jäsøn: Doe", "password": PASSWORD})
    challenge = 'Digest realm="r", nonce="NONCE", algorithm=SHA-256, qop="auth", charset=UTF-8'
    for more, sent in (
        ("", b"username*=UTF-8''J%C3%A4s%C3%B8n%3A%20Doe,"),
        (", userhash=true", b""),
    ):
        with servers.raw_server(Judge(challenge + more, username="Jäsøn: Doe")) as server:
            assert call(task(server.url)).status_code == 200
            assert sent in server.received[-1]
            assert (b"userhash=true" in server.received[-1]) is bool(more)


def test_a_nonce_is_used_again_and_counted() -> None:
    """Only the first request is challenged, until the server takes another nonce."""
    judge = Judge('Digest realm="r", nonce="NONCE", qop="auth", stale=true')
    with servers.raw_server(judge) as server, runtime() as shared:
        again = HttpTask(task(server.url), runtime=shared)
        for _ in range(3):
            assert again.call().attempts == 1
        assert (judge.asked, judge.counts) == (1, [1, 2, 3])
        judge.nonce = "n1"
        assert again.call().attempts == 1
    assert (judge.asked, judge.counts) == (2, [1, 2, 3, 4, 1])


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-256-sess"])
def test_the_next_nonce_of_a_server_is_used(algorithm: str) -> None:
    """RFC 7616, section 3.5. A session's key stays what it was."""
    challenge = f'Digest realm="r", nonce="NONCE", qop="auth", algorithm={algorithm}'
    judge = Judge(challenge, nextnonce=True)
    with servers.raw_server(judge) as server, runtime() as shared:
        again = HttpTask(task(server.url), runtime=shared)
        assert again.call().status_code == 200
        assert again.call().status_code == 200
    assert (judge.asked, judge.counts) == (1, [1, 1])


def test_a_wrong_password_ends_in_the_servers_401() -> None:
    """It is asked for once, and not again and again."""
    judge = Judge('Digest realm="r", nonce="NONCE", qop="auth"', username="bob")
    with servers.raw_server(judge) as server:
        error = failure(task(server.url))
    assert (error.kind, error.status_code, judge.asked) == ("status", 401, 2)


REFUSED = {
    "auth-int": ('Digest realm="r", nonce="n", qop="auth-int"', "qop='auth-int'"),
    "unknown": ('Digest realm="r", nonce="n", algorithm=SHA-1, qop="auth"', "'SHA-1'"),
    "no nonce": ('Digest realm="r", qop="auth"', "without a nonce"),
}


@pytest.mark.parametrize(("challenge", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_answered_is_said(challenge: str, words: str) -> None:
    """The error is of the class credential, and says what the server asks for."""
    with servers.raw_server(Judge(challenge)) as server:
        error = failure(task(server.url))
    assert isinstance(error, CredentialError)
    assert words in str(error)
    assert not error.retryable


def test_a_redirect_within_the_origin_is_answered_for_its_own_target() -> None:
    """What was computed for one target holds for no other."""
    judge = Judge('Digest realm="r", nonce="NONCE", qop="auth"')

    def handler(peer: servers.Peer) -> bool:
        if peer.has_more() and peer._ahead.startswith(b"GET /old"):
            peer.read_request()
            peer.sendall(servers.response(b"", ("Location", "/new"), status="302 Found"))
            return True
        return judge(peer)

    with servers.raw_server(handler) as server, runtime() as shared:
        HttpTask(task(server.url + "/first"), runtime=shared).call()
        seen = HttpTask(task(server.url + "/old"), runtime=shared).test_request()
    assert [hop.challenged for hop in seen.attempts[0].hops] == [False, False]
    assert seen.outcome == "success"


def test_nothing_of_the_answer_is_shown() -> None:
    """Neither the password, nor what is made of it, stands in an exchange, or in an echo."""
    with servers.raw_server(Judge('Digest realm="r", nonce="NONCE", qop="auth"')) as server:
        seen = exchange(task(server.url))
        sent = re.search(rb'response="(\w+)"', server.received[-1])
    assert sent is not None
    written = json.dumps(seen.to_json())
    assert "c4n4ry" not in written
    assert sent[1].decode() not in written
    assert [hop.challenged for hop in seen.attempts[0].hops] == [True, False]
    assert ["Authorization", "Digest •••"] in seen.to_json()["attempts"][0]["hops"][1]["request"][
        "headers"
    ]


def test_the_second_opinion() -> None:
    """httpx makes the same answer of the same challenge."""
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess, opaque="o"'
    auth = httpx.DigestAuth("ann", PASSWORD)
    flow = auth.auth_flow(httpx.Request("GET", "http://a.example/b?c=d"))
    asked = next(flow)
    headers = {"WWW-Authenticate": challenge}
    theirs = flow.send(httpx.Response(401, headers=headers, request=asked)).headers["Authorization"]
    [parsed] = challenges_of([challenge])
    session = session_of([parsed])
    assert isinstance(session, Session)
    session.cnonce = dict(re.findall(r'(\w+)="?([^",]+)', theirs))["cnonce"]
    ours = session.authorization("ann", PASSWORD, "GET", "/b?c=d")
    assert sorted(ours[7:].split(", ")) == sorted(theirs[7:].split(", "))
