"""The options of curl 8 (`curl --help all`): which take a value, and which have no effect here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_FLAGS = """
    anyauth a:append basic ca-native cert-status compressed compressed-ssh create-dirs crlf digest
    q:disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure
    dump-ca-embed f:fail fail-early fail-with-body false-start follow form-escape ftp-create-dirs
    ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control G:get g:globoff haproxy-protocol
    I:head http0.9 0:http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only
    ignore-content-length i:include k:insecure 4:ipv4 6:ipv6 j:junk-session-cookies l:list-only
    L:location location-trusted mail-rcpt-allowfails M:manual metalink mptcp negotiate n:netrc
    netrc-optional ::next no-alpn N:no-buffer no-clobber no-keepalive no-npn no-progress-meter
    no-sessionid ntlm ntlm-wb out-null Z:parallel parallel-immediate path-as-is post301 post302
    post303 #:progress-bar proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2
    proxy-http3 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast
    proxy-ssl-auto-client-cert proxy-tlsv1 p:proxytunnel raw J:remote-header-name O:remote-name
    remote-name-all R:remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir
    S:show-error show-headers s:silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec
    ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort 2:sslv2
    3:sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options
    tls-earlydata 1:tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time
    B:use-ascii v:verbose V:version xattr
"""
_WITH_VALUE = """
    abstract-unix-socket alt-svc aws-sigv4 cacert capath E:cert cert-type ciphers K:config
    connect-timeout connect-to C:continue-at b:cookie c:cookie-jar create-file-mode crlfile curves
    d:data data-ascii data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr
    dns-ipv6-addr dns-servers doh-url D:dump-header ech egd-file engine etag-compare etag-save
    expect100-timeout F:form form-string ftp-account ftp-alternative-to-user ftp-method P:ftp-port
    ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip H:header h:help hostpubmd5
    hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type
    knownhosts krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt
    max-filesize max-redirs m:max-time netrc-file noproxy oauth2-bearer o:output output-dir
    parallel-max parallel-max-host pass pinnedpubkey preproxy proto proto-default proto-redir
    x:proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name
    proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser U:proxy-user proxy1.0
    pubkey Q:quote random-file r:range rate e:referer X:request request-target resolve retry
    retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5
    socks5-gssapi-service socks5-hostname Y:speed-limit ssl-sessions y:speed-time stderr
    t:telnet-option tftp-blksize z:time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser
    trace trace-ascii trace-config unix-socket T:upload-file upload-flags url url-query u:user
    A:user-agent variable vlan-priority w:write-out
"""


def _names(table: str) -> Iterator[tuple[str, str]]:
    for entry in table.split():
        yield (entry[0], entry[2:]) if entry[1:2] == ":" else ("", entry)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of curl."""

    name: str
    """The long name, without dashes."""
    takes_value: bool


OPTIONS: Mapping[str, Option] = {
    name: Option(name, takes_value)
    for table, takes_value in ((_FLAGS, False), (_WITH_VALUE, True))
    for _, name in _names(table)
}
LETTERS: Mapping[str, str] = {
    letter: name for table in (_FLAGS, _WITH_VALUE) for letter, name in _names(table) if letter
}

ABOUT_OUTPUT = frozenset(
    [
        "compressed",
        "fail",
        "fail-early",
        "fail-with-body",
        "globoff",
        "http1.1",
        "include",
        "no-buffer",
        "no-progress-meter",
        "path-as-is",
        "progress-bar",
        "show-error",
        "silent",
        "styled-output",
        "suppress-connect-headers",
        "tcp-nodelay",
        "trace-time",
        "trace-ids",
        "verbose",
        "basic",
        "follow",
        "location",
        "out-null",
        "show-headers",
        "raw",
        "disallow-username-in-url",
        "disable",
    ]
)
"""Options that a task does not need: they affect curl's output, or httptask always acts so."""

PROXY = "operators-proxy"
_TRUST = "operators-trust"
_FILE_OUT = "kept-in-result"
REASONS: Mapping[str, str] = {
    "output": _FILE_OUT,
    "remote-name": _FILE_OUT,
    "remote-header-name": _FILE_OUT,
    "remote-name-all": _FILE_OUT,
    "output-dir": _FILE_OUT,
    "dump-header": _FILE_OUT,
    "write-out": _FILE_OUT,
    "cookie-jar": "kept-within-call",
    "insecure": _TRUST,
    "cacert": _TRUST,
    "capath": _TRUST,
    "cert": "certificate-is-credential",
    "key": "certificate-is-credential",
    "pass": "certificate-is-credential",
    "cert-type": "certificate-is-credential",
    "proxy": PROXY,
    "preproxy": PROXY,
    "proxy-user": PROXY,
    "proxytunnel": PROXY,
    "noproxy": PROXY,
    "netrc": "credential-file",
    "netrc-file": "credential-file",
    "netrc-optional": "credential-file",
    "ntlm": "authorisation-unknown",
    "negotiate": "authorisation-unknown",
    "anyauth": "authorisation-unnamed",
    "http2": "http-version",
    "http3": "http-version",
    "http1.0": "http-version",
    "resolve": "address-looked-up",
    "connect-to": "address-looked-up",
    "location-trusted": "credential-one-origin",
}
"""Option -> the reason why it is not carried over, if there is a special one."""

REFUSED: Mapping[str, str] = {
    "next": "it begins another request; paste one at a time",
    "config": "the options in that file cannot be seen here; write them out",
    "unix-socket": "a task sends its request to a server by name or address",
    "abstract-unix-socket": "a task sends its request to a server by name or address",
    "request-target": "a task's request target is made from its URL",
    "variable": "write its value instead",
    "parallel": "paste one request at a time",
}
"""Option -> why the command is refused: without the option it would send another request."""
