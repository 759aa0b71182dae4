"""Compares the result of a contender with the exact keys and values. Never measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from nba_consolidation.schema import ACTIVATION_KEY, BUSINESS_KEY

_VALUES = ("predicted_points", "confidence_score", "recommendation", "feature_quality_score")


@dataclass(frozen=True)
class Verdict:
    """The errors of a result, in keys of the staged dates (history_off_by: in rows of all other dates)."""

    expected_keys: int
    rows: int
    lost: int
    lost_by_rounding: int
    doubled: int
    doubled_without_line: int
    wrong_values: int
    history_off_by: int
    active_twins: int

    @property
    def right(self) -> bool:
        """Every key once, with the newest values; the other dates unchanged. Activation does not count."""
        return not (self.lost or self.doubled or self.wrong_values or self.history_off_by)

    @property
    def reasons(self) -> str:
        """The errors in words."""
        errors = [
            (self.lost, f"loses {self.lost:,} keys ({self.lost_by_rounding:,} by rounding the line)"),
            (self.doubled, f"doubles {self.doubled:,} keys ({self.doubled_without_line:,} of them with a NULL line)"),
            (self.wrong_values, f"{self.wrong_values:,} keys do not have the newest values"),
            (self.history_off_by, f"rows of other dates: {self.history_off_by:+,}"),
        ]
        return "; ".join(text for number, text in errors if number) or "every key once, with the newest values"


def verdict_of(result: str, expected: Path, history: int) -> Verdict:
    """result: `duckdb:FILE`, or `parquet:` and paths, one per line."""
    kind, _, place = result.partition(":")
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        if kind == "duckdb":
            connection.execute(f"ATTACH '{place}' AS result (READ_ONLY)")
            relation = "result.player_prop_predictions"
        else:
            relation = f"read_parquet({place.splitlines()!r}, hive_partitioning = true, union_by_name = true)"
        connection.execute(f"CREATE VIEW expected AS FROM read_parquet('{expected}')")
        columns = ", ".join([*BUSINESS_KEY, *_VALUES, "is_active"])
        connection.execute(
            f"CREATE TABLE actual AS SELECT {columns} FROM {relation} "
            "WHERE game_date BETWEEN (SELECT MIN(game_date) FROM expected) AND (SELECT MAX(game_date) FROM expected)"
        )
        return Verdict(**_figures(connection, relation, history))


def _figures(connection: duckdb.DuckDBPyConnection, relation: str, history: int) -> dict[str, int]:
    key, activation = ", ".join(BUSINESS_KEY), ", ".join(ACTIVATION_KEY)
    same = " AND ".join(f"G.{name} IS NOT DISTINCT FROM E.{name}" for name in BUSINESS_KEY)
    differs = " OR ".join(f"G.{name} IS DISTINCT FROM E.{name}" for name in _VALUES)
    rounded = [f"G.{name} = E.{name}" for name in ACTIVATION_KEY]
    rounded.append("CAST(G.current_points_line AS BIGINT) = CAST(E.current_points_line AS BIGINT)")
    doubled = f"(SELECT {key}, COUNT(*) AS copies FROM actual GROUP BY ALL HAVING copies > 1)"
    lost = f"(SELECT E.* FROM expected AS E ANTI JOIN actual AS G ON {same})"
    queries = {
        "expected_keys": "SELECT COUNT(*) FROM expected",
        "rows": "SELECT COUNT(*) FROM actual",
        "lost": f"SELECT COUNT(*) FROM {lost}",
        "lost_by_rounding": f"SELECT COUNT(*) FROM {lost} AS E SEMI JOIN actual AS G ON {' AND '.join(rounded)}",
        "doubled": f"SELECT COUNT(*) FROM {doubled}",
        "doubled_without_line": f"SELECT COUNT(*) FROM {doubled} WHERE current_points_line IS NULL",
        "wrong_values": f"SELECT COUNT(*) FROM expected AS E SEMI JOIN actual AS G ON {same} AND ({differs})",
        "history_off_by": f"SELECT COUNT(*) - (SELECT COUNT(*) FROM actual) - {history} FROM {relation}",
        "active_twins": f"SELECT COUNT(*) FROM (SELECT 1 FROM actual WHERE is_active GROUP BY {activation} "
        "HAVING COUNT(*) > 1)",
    }
    return {name: connection.execute(query).fetchall()[0][0] for name, query in queries.items()}
