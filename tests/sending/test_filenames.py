"""The name that a server gives a file: read by RFC 6266, cleaned, and used when the file is sent
on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servers
from httptask.sending._filename import filename_of, suffix_of
from httptask.task import HttpTask
from tasks import Inputs, exchange, http, runtime

PDF = ("Content-Type", "application/pdf")
RESUME = "attachment; filename=\"resume.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"


def test_a_files_name_is_in_its_reference_and_goes_along(tmp_path: Path) -> None:
    """A downloaded file that a later task sends in a form has the name its server gave it, not one
    made of its hash.
    """
    answer = servers.response(b"%PDF-1.7", PDF, ("Content-Disposition", RESUME))
    with servers.raw_server(
        servers.sequence(servers.respond(answer), servers.echo_json())
    ) as server:
        with runtime(files=tmp_path) as shared:
            reference = HttpTask(http(server.url), runtime=shared).call().body
            form = {
                "method": "POST",
                "headers": {"Content-Type": "multipart/form-data"},
                "body": {"cv": "${$.cv}"},
            }
            definition = http(server.url, request=form, inputParameters={"cv": "${$.input}"})
            sent: Any = HttpTask(definition, runtime=shared).call(Inputs(input=reference)).body
        seen = exchange(http(server.url))
    assert reference["$file"]["name"] == "résumé.pdf"
    assert Path(reference["$file"]["path"]).parent == tmp_path
    assert 'filename="résumé.pdf"' in sent["body"]
    assert seen.outcome == "success"


def test_a_files_name_does_not_leak_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that echoes a credential in the name of a file: masked in the exchange, as
    anywhere.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", "s3cr3t-token-value")
    disposition = ("Content-Disposition", 'attachment; filename="s3cr3t-token-value.pdf"')
    with servers.raw_server(servers.respond(servers.response(b"%PDF", PDF, disposition))) as server:
        seen = exchange(http(server.url, credentials="api"))
    assert seen.response is not None
    assert seen.response.file is not None
    assert seen.response.file["name"].endswith(".pdf")
    assert "s3cr3t" not in str(seen.to_json())


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a.pdf"', "a.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ("inline; FileName = a.pdf ; size=3", "a.pdf"),
        ("filename=a.pdf", "a.pdf"),
        ("attachment; filename=my file.pdf; x=1", "my file.pdf"),
        (r'attachment; filename="say \"hi\".txt"', "say _hi_.txt"),
        ('attachment; filename="a;b.pdf"', "a;b.pdf"),
        ('attachment; name="a; filename=b.txt"; filename="c.pdf"', "c.pdf"),
        ("attachment; x=\"filename*=UTF-8''b.txt\"; xfilename=d; filename=c.pdf", "c.pdf"),
        ('attachment; filename="not closed.pdf', "not closed.pdf"),
        ('attachment; filename="naïve.pdf"', "naïve.pdf"),
        (RESUME, "résumé.pdf"),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.csv; filename=rates.csv", "€ rates.csv"),
        ("attachment; filename*=iso-8859-1'en'%A3%20rates.csv", "£ rates.csv"),
        ("attachment; filename*=utf-8''%FF.csv; filename=b.csv", "b.csv"),
        ("attachment; filename*=punycode''a-.csv; filename=b.csv", "b.csv"),
        ("attachment; filename*=b.csv; filename=c.csv", "c.csv"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        (r'attachment; filename="C:\\fakepath\\a.pdf"', "a.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fa.pdf", "a.pdf"),
        ("attachment; filename*=UTF-8''a%00b%0d%0ac.pdf", "ab c.pdf"),
        ("attachment; filename*=UTF-8''invoice%E2%80%AEfdp.exe", "invoicefdp.exe"),
        ('attachment; filename=".htaccess"', "htaccess"),
        ('attachment; filename="a.pdf. . "', "a.pdf"),
        ('attachment; filename="INDEX . .txt"', "INDEX.txt"),
        ('attachment; filename="NUL.txt"', "_NUL.txt"),
        ('attachment; filename="a<b>:c|d?.txt"', "a_b__c_d_.txt"),
        ('attachment; filename=".."', ""),
        ('attachment; filename=""', ""),
        ("attachment", ""),
        ("", ""),
        ('attachment; filename="' + "é" * 300 + '.pdf"', "é" * 98 + ".pdf"),
        ('attachment; filename="a' + "é" * 300 + '.pdf"', "a" + "é" * 97 + ".pdf"),
    ],
)
def test_the_name_is_read_and_cleaned(disposition: str, name: str) -> None:
    """RFC 6266: the extended form first, the last part of a path only, nothing that misleads a
    reader or a file system.
    """
    assert filename_of([disposition]) == name


@given(st.text(max_size=300))
def test_no_name_leads_out_of_a_folder(text: str) -> None:
    """Whatever a server says, the name is one part of a path that every system takes."""
    name = filename_of([f'attachment; filename="{text}"', text])
    assert Path(name).name == name
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\<>:"|?*\0\n\r\t')
    assert name.strip(". ") == name


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("application/xml", ".xml"),
        ("text/xml", ".xml"),
        ("application/soap+xml", ".xml"),
        ("image/svg+xml", ".svg"),
        ("application/json", ".json"),
        ("application/problem+json", ".json"),
        ("text/plain", ".txt"),
        ("text/html", ".html"),
        ("image/jpeg", ".jpg"),
        ("application/pdf", ".pdf"),
        ("application/gzip", ".gz"),
        ("application/x-gzip", ".gz"),
        ("application/zip", ".zip"),
        ("application/x-zip-compressed", ".zip"),
        ("application/x-7z-compressed", ".7z"),
        ("application/vnd.acme.export+zip", ".zip"),
        ("application/vnd.acme.export+gzip", ".gz"),
        ("application/vnd.acme.export+yaml", ".yaml"),
        ("application/yaml", ".yaml"),
        ("application/x-ndjson", ".ndjson"),
        ("application/vnd.oasis.opendocument.spreadsheet", ".ods"),
        ("application/vnd.oasis.opendocument.text", ".odt"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
        ("audio/wav", ".wav"),
        ("application/epub+zip", ".epub"),
        ("text/calendar", ".ics"),
        ("text/javascript", ".js"),
        ("text/csv", ".csv"),
        ("text/markdown", ".md"),
        ("text/vcard", ".vcf"),
        ("application/octet-stream", ".bin"),
        ("application/x-unknown", ".bin"),
        ("", ".bin"),
    ],
)
def test_the_suffix_is_what_a_person_expects(media_type: str, suffix: str) -> None:
    """A file's name ends as its media type's files do, on every machine alike."""
    assert suffix_of(media_type) == suffix
