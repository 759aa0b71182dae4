"""Where reports are kept: a folder, or a bucket of Cloud Storage. A report is there whole, or not at all."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from pathlib import Path

from nba_consolidation.errors import ConsolidationError

BUCKET = "gs://"


class ReportNotKept(ConsolidationError):
    """The report was made, and could not be written where it should lie."""


def name_of(first: dt.date, last: dt.date) -> str:
    """The file of a report: the same dates replace it."""
    return f"report-{first}.html" if first == last else f"report-{first}-to-{last}.html"


def keep(html: str, place: str, name: str) -> str:
    """Writes a report into the folder or the `gs://bucket/path`, and returns where it is. Raises ReportNotKept."""
    return _upload(html, place, name) if place.startswith(BUCKET) else str(write(html, Path(place) / name))


def write(html: str, file: Path) -> Path:
    """Writes a report into a file, whose folder is made. Raises ReportNotKept."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as target:
                target.write(html)
            Path(name).chmod(0o644)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReportNotKept(
            f"the report could not be written to {file}: {error.strerror}; name another file"
        ) from error
    return file.absolute()


def _upload(html: str, place: str, name: str) -> str:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import storage

    bucket, _, folder = place.removeprefix(BUCKET).partition("/")
    path = "/".join(part for part in (folder.strip("/"), name) if part)
    try:
        storage.Client().bucket(bucket).blob(path).upload_from_string(html, content_type="text/html; charset=utf-8")
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        to_do = "see NBA_CONSOLIDATION_REPORTS and who may write into the bucket"
        raise ReportNotKept(f"the report could not be written to {place}: {error}; {to_do}") from error
    return f"{BUCKET}{bucket}/{path}"
