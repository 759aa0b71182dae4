"""Where reports are kept: whole or not at all, in a folder or in a bucket."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.pipeline.daily_report.storage import ReportNotKept, keep, name_of, write

DATE = dt.date(2026, 1, 15)


def test_a_report_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "new" / name_of(DATE, DATE)
    write("first", file)
    assert write("second é", file) == file
    assert [found.name for found in file.parent.iterdir()] == ["report-2026-01-15.html"]
    assert file.read_text("utf-8") == "second é"
    assert file.stat().st_mode & 0o777 == 0o644
    assert name_of(DATE, DATE + dt.timedelta(1)) == "report-2026-01-15-to-2026-01-16.html"


def test_a_write_that_fails_leaves_the_old_report_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write("old", file)
    with pytest.raises(UnicodeEncodeError):
        write("\ud800", file)
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
    assert file.read_text() == "old"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReportNotKept, match="taken/report"):
        keep("html", str(tmp_path / "taken"), "report.html")


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of Cloud Storage as an upload needs."""

    uploads: list[tuple[str, bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.uploads.append((self.path, body))
        said = json.dumps({"name": "x", "bucket": "b"} if self.status == 200 else {"error": {"message": "no right"}})
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bucket]]:
    pytest.importorskip("google.cloud.storage", reason="the extra `production` is not installed")
    handler = type("OneBucket", (Bucket,), {"uploads": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "a-project")
    yield handler
    server.shutdown()
    server.server_close()


def test_a_report_goes_into_a_bucket_as_a_page(bucket: type[Bucket]) -> None:
    assert keep("<p>é</p>", "gs://our-bucket/daily/", "report.html") == "gs://our-bucket/daily/report.html"
    ((path, body),) = bucket.uploads
    assert "/b/our-bucket/o" in path
    assert b'"name": "daily/report.html"' in body
    assert b"text/html; charset=utf-8" in body
    assert "<p>é</p>".encode() in body


def test_a_bucket_that_lets_nobody_in_is_named(bucket: type[Bucket]) -> None:
    bucket.status = 403
    with pytest.raises(ReportNotKept, match=r"gs://our-bucket: .*NBA_CONSOLIDATION_REPORTS"):
        keep("html", "gs://our-bucket", "report.html")
