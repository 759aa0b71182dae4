"""Where reports are saved: whole or not at all, in a folder or in a bucket."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.pipeline.daily_report.storage import ReportNotSaved, file_name, save, write_file

DATE = dt.date(2026, 1, 15)


def test_a_report_replaces_the_earlier_one_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / file_name(DATE, DATE)
    write_file("first", file)
    assert write_file("second é", file) == file
    assert [entry.name for entry in file.parent.iterdir()] == ["report-2026-01-15.html"]
    assert file.read_text("utf-8") == "second é"
    assert file.stat().st_mode & 0o777 == 0o644
    assert file_name(DATE, DATE + dt.timedelta(1)) == "report-2026-01-15-to-2026-01-16.html"


def test_a_failed_write_leaves_the_old_report_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_file("old", file)
    with pytest.raises(UnicodeEncodeError):
        write_file("\ud800", file)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert file.read_text() == "old"


def test_the_error_names_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReportNotSaved, match="taken/report"):
        save("html", str(tmp_path / "taken"), "report.html")


class Bucket(http.server.BaseHTTPRequestHandler):
    """A server with the part of the Cloud Storage API that an upload needs."""

    uploads: list[tuple[str, bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.uploads.append((self.path, body))
        reply = json.dumps({"name": "x", "bucket": "b"} if self.status == 200 else {"error": {"message": "no right"}})
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


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


def test_a_report_is_uploaded_to_a_bucket_as_html(bucket: type[Bucket]) -> None:
    assert save("<p>é</p>", "gs://a-bucket/daily/", "report.html") == "gs://a-bucket/daily/report.html"
    ((path, body),) = bucket.uploads
    assert "/b/a-bucket/o" in path
    assert b'"name": "daily/report.html"' in body
    assert b"text/html; charset=utf-8" in body
    assert "<p>é</p>".encode() in body


def test_the_error_names_a_bucket_that_denies_the_upload(bucket: type[Bucket]) -> None:
    bucket.status = 403
    with pytest.raises(ReportNotSaved, match=r"gs://a-bucket: .*NBA_CONSOLIDATION_REPORTS"):
        save("html", "gs://a-bucket", "report.html")
