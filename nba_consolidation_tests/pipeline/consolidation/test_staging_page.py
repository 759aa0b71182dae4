"""docs/staging.md, the contract for authors of workers: each of its statements is proven here."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.schema import LINEAGE, PREDICTIONS, SET_BY_CONSOLIDATION
from nba_consolidation.warehouse.arrow_types import columns_of
from nba_consolidation.warehouse.column_alignment import compare_columns
from nba_consolidation.warehouse.errors import WriteRefused
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NOON, NOW, Row, Workbench

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "staging.md").read_text(encoding="utf-8")
WITH_THE_WRITER, OWN_CODE = PAGE.split("## With your own code")
PROOFS: dict[str, Callable[[Workbench], None]] = {}
REQUIRED = re.findall(r"`(\w+)`", PAGE.split("required, and not NULL**")[1].split(". ")[0])

BATCH = "20260115_150000"


def proves(statement: str) -> Callable[[Callable[[Workbench], None]], Callable[[Workbench], None]]:
    """Marks the proof of a statement: the words of the page that are in bold."""

    def add(proof: Callable[[Workbench], None]) -> Callable[[Workbench], None]:
        PROOFS[statement] = proof
        return proof

    return add


def record(**changes: Any) -> Row:
    """A row in Python's own types, as simple code makes it."""
    row = {
        "prediction_id": "p1", "system_id": "my_model", "player_lookup": "lebronjames", "game_date": DATE,
        "game_id": "20260115_LAL_BOS", "predicted_points": 25.37, "confidence_score": 0.62, "recommendation": "OVER",
        "current_points_line": 24.5, "created_at": NOON,
    }  # fmt: skip
    return row | changes


def write(bench: Workbench, *rows: Row, **changes: Any) -> Row:
    """Writes the rows with the writer; the one row as the file has it."""
    written = StagingWriter(bench.staging, **changes).write(BATCH, "w", rows or [record()])
    [row] = pq.ParquetFile(bench.staging.path_of(written.name)).read().to_pylist()
    return dict(row)


def refused(bench: Workbench, **changes: Any) -> str:
    """Why the writer refuses such a row; nothing was written."""
    with pytest.raises(WriteRefused) as error:
        write(bench, record(**changes))
    assert bench.staging_tables() == set()
    return str(error.value)


def put(bench: Workbench, *rows: Row, worker: str = "w") -> None:
    """A worker's file without the writer: pyarrow chooses the types."""
    bench.staging.folder.mkdir(exist_ok=True)
    hidden = bench.staging.folder / ".tmp"
    pq.write_table(pa.Table.from_pylist(rows or [record()]), hidden)
    hidden.rename(bench.staging.folder / f"_staging_{BATCH}_{worker}.parquet")


def published(bench: Workbench, *rows: Row) -> Row:
    """The one published row, after consolidating the rows of an own file."""
    put(bench, *rows)
    bench.consolidate()
    return bench.only_published()


def quarantined(bench: Workbench, **changes: Any) -> str:
    """The rule that such a row breaks, beside a sound one, which is published."""
    put(bench, record(**changes), record(player_lookup="nikolajokic"))
    bench.consolidate()
    assert bench.only_published()["player_lookup"] == "nikolajokic"
    [row] = bench.quarantined()
    return f"{row['column_name']} {row['rule']}: {row['reason']}"


def refusal(bench: Workbench, *rows: Row) -> str:
    """Why a consolidation refuses the table."""
    put(bench, *rows)
    [table] = bench.consolidate().refused
    return table.reason


@proves("Each value is converted exactly, or refused.")
def _(bench: Workbench) -> None:
    assert "plain digits" in refused(bench, predicted_points="2_4.5")
    assert "64 bits" in refused(bench, similar_games_count=3.5)
    row = write(bench, record(predicted_points="24.5", line_margin=float("nan")))
    assert (row["predicted_points"], row["line_margin"]) == (Decimal("24.5"), None)


@proves("A time stamp without a zone is UTC")
def _(bench: Workbench) -> None:
    naive = record(created_at=dt.datetime(2026, 1, 15, 7))
    assert write(bench, naive)["created_at"] == dt.datetime(2026, 1, 15, 7, tzinfo=dt.UTC)
    assert write(bench, naive, timezone="America/New_York")["created_at"] == NOON


@proves("A measurement is rounded to the scale of its column")
def _(bench: Workbench) -> None:
    rows = [record(line_margin=0.001)]
    written = StagingWriter(bench.staging).write(BATCH, "w", rows)
    assert written.rounded == {"predicted_points": 1, "line_margin": 1}
    row = write(bench, *rows)
    assert (row["predicted_points"], row["line_margin"]) == (Decimal("25.4"), Decimal("0.01"))


@proves("The line is never rounded")
def _(bench: Workbench) -> None:
    assert "a key is never rounded" in refused(bench, current_points_line=24.25)


@proves("A game date is a date")
def _(bench: Workbench) -> None:
    for date in ("2026-01-15", dt.datetime(2026, 1, 15)):
        assert write(bench, record(game_date=date))["game_date"] == DATE
    bench.staging.path_of(f"_staging_{BATCH}_w").unlink()
    assert "without a time zone" in refused(bench, game_date=dt.datetime(2026, 1, 15, tzinfo=dt.UTC))


@proves("A key is in its canonical spelling")
def _(bench: Workbench) -> None:
    assert ": jokic;" in refused(bench, player_lookup="Jokić")
    assert write(bench, record(player_lookup="Jokić"), check_keys=False)["player_lookup"] == "Jokić"


@proves("An unknown column is refused")
def _(bench: Workbench) -> None:
    assert "'recomendation' is unknown" in refused(bench, recomendation="OVER")
    with pytest.raises(WriteRefused, match="required column 'created_at' is missing"):
        write(bench, {name: value for name, value in record().items() if name != "created_at"})


@proves("The same batch and worker again replaces the table")
def _(bench: Workbench) -> None:
    write(bench, record())
    assert write(bench, record(prediction_id="p2"))["prediction_id"] == "p2"
    with pytest.raises(WriteRefused):
        write(bench, record(player_lookup="nikolajokic"))
    StagingWriter(bench.staging).write(BATCH, "w", [record(player_lookup="nikolajokic")], replace=True)


@proves("A worker that writes in chunks gives each a `part=`.")
def _(bench: Workbench) -> None:
    for part in (1, 2):
        StagingWriter(bench.staging).write(BATCH, "w", [record(player_lookup=f"player{part}")], part=part)
    assert len(bench.staging_tables()) == 2


@proves("Two workers never share a table")
def _(bench: Workbench) -> None:
    writer = StagingWriter(bench.staging)
    writer.write(BATCH, "w-1", [record()])
    with pytest.raises(WriteRefused, match="same table name"):
        writer.write(BATCH, "w_1", [record()])


@proves("It is called `_staging_{batch}_{worker}.parquet`")
def _(bench: Workbench) -> None:
    put(bench, worker="eu_7")
    source = bench.staging.folder / f"_staging_{BATCH}_eu_7.parquet"
    (bench.staging.folder / "rows.parquet").write_bytes(source.read_bytes())
    bench.staging.path_of(f"_staging_{BATCH}_eu-7").write_bytes(source.read_bytes())
    report = bench.consolidate()
    assert [table.name for table in report.refused] == [f"_staging_{BATCH}_eu-7"]
    row = bench.only_published()
    assert (row["batch_id"], row["staging_table"]) == (BATCH, f"_staging_{BATCH}_eu_7")
    assert (bench.staging.folder / "rows.parquet").exists()


@proves("It appears complete, and never changes.")
def _(bench: Workbench) -> None:
    bench.staging.folder.mkdir()
    (bench.staging.folder / ".w3.tmp").write_bytes(b"half a file")
    assert bench.consolidate().refused == ()
    put(bench)
    bench.staging.drops = False
    bench.consolidate()
    put(bench, record(created_at=NOON + dt.timedelta(minutes=1), predicted_points=30.0))
    bench.consolidate()
    assert bench.only_published()["predicted_points"] == Decimal(30)


@proves("These are required, and not NULL")
def _(bench: Workbench) -> None:
    rows = [record(player_lookup=f"player{number}") for number, _ in enumerate(REQUIRED)]
    for row, name in zip(rows, REQUIRED, strict=True):
        row[name] = None
    put(bench, *rows, record())
    bench.consolidate()
    assert {(row["column_name"], row["rule"]) for row in bench.quarantined()} == {(n, "present") for n in REQUIRED}
    assert bench.only_published()["player_lookup"] == "lebronjames"
    assert "game_date" in refusal(bench, {name: value for name, value in record().items() if name != "game_date"})


@proves("Any other column may be missing")
def _(bench: Workbench) -> None:
    row = published(bench, {name: record()[name] for name in REQUIRED})
    assert row["current_points_line"] is None
    put(bench)
    bench.consolidate()
    assert len(bench.published()) == 2, "NULL and 24.5 are two lines"


@proves("An unknown column refuses the table")
def _(bench: Workbench) -> None:
    assert "'colour'" in refusal(bench, record(colour="red"))
    assert published(bench, record(colour=None))["prediction_id"] == "p1"


@proves("The consolidation sets some columns itself")
def _(bench: Workbench) -> None:
    own = {"prediction_version": 7, "is_active": False, "superseded_by": "p0", "updated_at": NOON}
    assert set(own) == set(SET_BY_CONSOLIDATION)
    row = published(bench, record(**own))
    assert (row["prediction_version"], row["is_active"], row["superseded_by"]) == (1, True, None)
    assert row["updated_at"] == NOW
    for column in LINEAGE:
        assert column.name in refusal(bench, record(**{column.name: 1}))


@proves("A naive time stamp is UTC.")
def _(bench: Workbench) -> None:
    naive = record(created_at=dt.datetime(2026, 1, 15, 12))
    row = published(bench, naive, record(created_at=NOON - dt.timedelta(minutes=1), predicted_points=1.0))
    assert (row["version_created_at"], row["predicted_points"]) == (NOON, Decimal("25.4"))


@proves("Measurements are rounded")
def _(bench: Workbench) -> None:
    assert published(bench, record(predicted_points=25.37))["predicted_points"] == Decimal("25.4")


@proves("A line is on the half point and never rounded")
def _(bench: Workbench) -> None:
    assert quarantined(bench, current_points_line=24.25).startswith("current_points_line exact")


@proves("Key columns have one spelling")
def _(bench: Workbench) -> None:
    assert quarantined(bench, player_lookup="LeBron James").endswith("lebronjames")


@proves("A number is finite")
def _(bench: Workbench) -> None:
    assert quarantined(bench, predicted_points=float("nan")).startswith("predicted_points fits")


def test_each_statement_of_the_page_has_its_proof() -> None:
    assert re.findall(r"^- \*\*(.+?)\*\*", PAGE, re.MULTILINE) == list(PROOFS)


@pytest.mark.parametrize("statement", PROOFS)
def test_the_statement_holds(bench: Workbench, statement: str) -> None:
    PROOFS[statement](bench)


def test_a_prediction_of_more_than_five_minutes_ahead_is_quarantined(bench: Workbench) -> None:
    put(bench, record(created_at=NOW + dt.timedelta(minutes=6)), record(created_at=NOW + dt.timedelta(minutes=5)))
    bench.consolidate()
    assert bench.only_published()["version_created_at"] == NOW + dt.timedelta(minutes=5)
    assert [row["rule"] for row in bench.quarantined()] == ["not_in_future"]


INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()]
TIMES = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "America/New_York")]
ARROW_TYPES: dict[str, list[pa.DataType]] = {
    "string": [pa.string()], "large_string": [pa.large_string()],
    "dictionary of strings": [pa.dictionary(pa.int32(), pa.string())], "bool": [pa.bool_()],
    "date32": [pa.date32()], "date64": [pa.date64()], "timestamp of any unit with a zone or without": TIMES,
    "decimal128": [pa.decimal128(30, 4)], "float": [pa.float32()], "double": [pa.float64()],
    "integers but uint64": INTEGERS,
}  # fmt: skip
"""By their names in the page."""
OTHER_TYPES = [pa.uint64(), pa.binary(), pa.time64("us"), pa.decimal256(50, 1), pa.list_(pa.string())]
A_COLUMN_OF: dict[str, tuple[str, Any]] = {
    "STRING": ("sportsbook", "x"), "DATE": ("game_date", DATE), "TIMESTAMP": ("predicted_at", NOON),
    "NUMERIC": ("predicted_points", 24), "INT64": ("similar_games_count", 3), "FLOAT64": ("feature_quality_score", 3),
    "BOOL": ("is_actionable", True),
}  # fmt: skip
ACCEPTED = {
    kind: [one for name in names.split(", ") for one in ARROW_TYPES[name]]
    for kind, names in re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
}


def test_the_types_of_the_page_are_those_of_the_table() -> None:
    kinds = {column.type.split("(")[0] for column in PREDICTIONS.columns}
    assert kinds == set(ACCEPTED) == set(A_COLUMN_OF)


@pytest.mark.parametrize("kind", A_COLUMN_OF)
def test_the_types_that_the_page_lists_are_accepted_and_no_other(kind: str) -> None:
    name, _ = A_COLUMN_OF[kind]
    types = [*OTHER_TYPES, *itertools.chain(*ARROW_TYPES.values())]
    accepted = [
        one for one in types
        if compare_columns(columns_of(pa.schema([(name, one)])), PREDICTIONS.columns).refusal() is None
    ]  # fmt: skip
    assert set(accepted) == set(ACCEPTED[kind])


def test_a_value_of_any_accepted_type_is_the_same(bench: Workbench) -> None:
    """Each table has one of the accepted types for each column."""
    names = [name for name, _ in A_COLUMN_OF.values()]
    tables = max(map(len, ACCEPTED.values()))
    for number in range(tables):
        row = record(player_lookup=f"player{number}")
        columns = {name: pa.array([value]) for name, value in row.items() if name not in names}
        for kind, (name, value) in A_COLUMN_OF.items():
            arrow_type = ACCEPTED[kind][number % len(ACCEPTED[kind])]
            is_naive = kind == "TIMESTAMP" and arrow_type.tz is None
            columns[name] = pa.array([value.replace(tzinfo=None) if is_naive else value]).cast(arrow_type)
        bench.stage_as(f"_staging_{BATCH}_w{number}", pa.table(columns))
    report = bench.consolidate()
    assert (report.refused, report.total("quarantined"), report.total("inserted")) == ((), 0, tables)
    for kind, (name, value) in A_COLUMN_OF.items():
        assert {row[name] for row in bench.published()} == {value}, kind


def test_the_code_of_the_page_stages_a_row_with_pyarrow_alone(tmp_path: Path) -> None:
    """In an environment that has this package and pyarrow, and nothing else."""
    environment, home = tmp_path / "environment", tmp_path / "home"
    environment.mkdir()
    home.mkdir()
    (environment / "pyarrow").symlink_to(Path(pa.__file__).parent)
    (environment / "nba_consolidation").symlink_to(ROOT / "nba_consolidation")
    [writer], [own] = (re.findall(r"```python\n(.+?)```", text, re.DOTALL) for text in (WITH_THE_WRITER, OWN_CODE))
    end = "\nimport sys\nassert not {'dagster', 'duckdb', 'pandas', 'numpy'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", own + "rows = table.to_pylist()\n" + writer + end],
        cwd=home, env=os.environ | {"PYTHONPATH": str(environment)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    bench = Workbench(tmp_path)
    bench.staging.folder = home / ".local" / "staging"
    report = bench.consolidate()
    assert (report.refused, bench.only_published()["predicted_points"]) == ((), Decimal("25.4"))
    assert report.total("superseded") == 1, "both tables have the same row"
