"""Where reports are saved: a folder, or a bucket of Cloud Storage. A report is saved whole, or not at all."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from pathlib import Path

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import BUCKET


class ReportNotSaved(ConsolidationError):
    """The report was made, but its place could not be written."""


def file_name(first: dt.date, last: dt.date) -> str:
    """The name of a report's file; a report of the same dates replaces it."""
    return f"report-{first}.html" if first == last else f"report-{first}-to-{last}.html"


def save(html: str, place: str, name: str) -> str:
    """Saves a report in a folder or in `gs://bucket/path` and returns its path. Raises ReportNotSaved."""
    return _upload(html, place, name) if place.startswith(BUCKET) else str(write_file(html, Path(place) / name))


def write_file(html: str, file: Path) -> Path:
    """Writes a report to a file, creating its folder. Raises ReportNotSaved."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".report-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as target:
                target.write(html)
            Path(name).chmod(0o644)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReportNotSaved(
            f"the report could not be written to {file}: {error.strerror}; choose another file"
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
        to_do = "check NBA_CONSOLIDATION_REPORTS and who may write to the bucket"
        raise ReportNotSaved(f"the report could not be written to {place}: {error}; {to_do}") from error
    return f"{BUCKET}{bucket}/{path}"
