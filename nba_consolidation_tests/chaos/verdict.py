"""Checks the results of a storm against what was staged: no duplicate, lost, invented or stale row.

Each check yields a sentence per violation.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

from nba_consolidation_tests.chaos.evidence import Evidence, Record, grouped
from nba_consolidation_tests.chaos.rows import Key, StagedRow

_GROUP = ("game_date", "game_id", "player_lookup", "system_id")
_OUTCOMES = ("inserted", "updated", "stale", "superseded", "quarantined")
STALE_WRITE = "stale write"


def find_violations(evidence: Evidence) -> list[str]:
    """All violations."""
    return [violation for check in _CHECKS for violation in check(evidence)]


def _key(record: Record) -> Key:
    line = record["current_points_line"]
    return (*(record[column] for column in _GROUP), None if line is None else f"{line:.1f}")


def _newest(evidence: Evidence) -> dict[Key, StagedRow]:
    """The newest sound row of each business key."""
    sound = (row for row in evidence.rows.values() if not row.broken)
    return {row.key: row for row in sorted(sound, key=lambda row: row.age)}


def each_key_has_one_row(evidence: Evidence) -> Iterator[str]:
    actual = Counter(map(_key, evidence.tables["player_prop_predictions"]))
    expected = set(_newest(evidence))
    yield from (f"duplicate: {key} has {number} rows" for key, number in actual.items() if number > 1)
    yield from (f"lost: {key} was staged and has no row" for key in expected - set(actual))
    yield from (f"invented: {key} has a row and was never staged" for key in set(actual) - expected)


def the_current_row_is_the_newest_version(evidence: Evidence) -> Iterator[str]:
    newest = _newest(evidence)
    for record in evidence.tables["player_prop_predictions"]:
        row = newest.get(_key(record))
        current = (record["version_created_at"], record["version_prediction_id"], record["predicted_points"])
        if row is not None and current != (*row.age, Decimal(row.predicted_points)):
            yield f"not the newest: the row of {row.key} is {current}, but {row} was staged"


def prediction_id_is_that_of_the_first_version(evidence: Evidence) -> Iterator[str]:
    for record in evidence.tables["player_prop_predictions"]:
        row = evidence.rows.get(record["prediction_id"])
        if row is None or (row.key, row.created_at) != (_key(record), record["created_at"]):
            yield f"misnamed: {_key(record)} has the id {record['prediction_id']} of {row}"


def the_newest_line_is_active(evidence: Evidence) -> Iterator[str]:
    for group, records in grouped(evidence.tables["player_prop_predictions"], *_GROUP).items():
        first = max(records, key=lambda record: (record["version_created_at"], record["version_prediction_id"]))
        active = [record for record in records if record["is_active"]]
        if active != [first]:
            yield f"activation: of {group} {[_key(record)[-1] for record in active]} are active, not {_key(first)[-1]}"
        rest = {record["superseded_by"] for record in records if record is not first}
        if first["superseded_by"] is not None or rest - {first["prediction_id"]}:
            yield f"activation: {group} are superseded by {rest}, the newest by {first['superseded_by']}"


def every_row_is_accounted_for(evidence: Evidence) -> Iterator[str]:
    tables = evidence.tables
    accounted = {record["version_prediction_id"] for record in tables["player_prop_predictions"]}
    accounted |= {record["prediction_id"] for record in tables["lost_versions"]}
    originals = [json.loads(record["original_row"]) for record in tables["quarantined_predictions"]]
    yield from _compared("the current and lost rows", accounted, (r for r in evidence.rows.values() if not r.broken))
    quarantined = {original["prediction_id"] for original in originals}
    yield from _compared("the quarantined rows", quarantined, (r for r in evidence.rows.values() if r.broken))


def _compared(where: str, actual: set[str], staged: Iterable[StagedRow]) -> Iterator[str]:
    expected = {row.prediction_id for row in staged}
    yield from (f"lost: {name} is not among {where}" for name in expected - actual)
    yield from (f"invented: {name} is among {where}" for name in actual - expected)


def rows_are_conserved(evidence: Evidence) -> Iterator[str]:
    """The conservation law, for each consolidation and for all together."""
    tables = evidence.tables
    merged = grouped(tables["consolidation_ledger_tables"], "consolidation_id", "game_date")
    total: Counter[str] = Counter()
    for record in tables["consolidation_ledger"]:
        total.update({outcome: record[outcome] for outcome in _OUTCOMES})
        read = sum(entry["staged"] for entry in merged.get((record["consolidation_id"], record["game_date"]), ()))
        if not record["staged"] == read == sum(record[outcome] for outcome in _OUTCOMES):
            yield f"not conserved: {read} rows were read, and the ledger says {record}"
    lost = Counter(record["outcome"] for record in tables["lost_versions"])
    current = tables["player_prop_predictions"]
    actual = {
        "inserted": len(current),
        "updated": sum(record["prediction_version"] - 1 for record in current),
        "stale": lost["stale"],
        "superseded": lost["superseded"],
        "quarantined": len(tables["quarantined_predictions"]),
    }
    if actual != {outcome: total[outcome] for outcome in _OUTCOMES} or lost["replaced"] != actual["updated"]:
        yield f"not conserved: the ledger's sums are {dict(total)}, but the tables have {actual} and {dict(lost)}"


def every_table_was_merged(evidence: Evidence) -> Iterator[str]:
    """The last version of each table completely, and nothing that was not staged."""
    for version in evidence.newest_versions:
        for date, number in version.rows_by_date.items():
            if (version.table, date, number) not in evidence.merged:
                yield f"lost: version {version.number} of {version.table} was not merged for {date}"
    known = {(v.table, date, number) for v in evidence.versions for date, number in v.rows_by_date.items()}
    yield from (f"invented: {merged} was merged" for merged in set(evidence.merged) - known)


def no_table_is_merged_twice(evidence: Evidence) -> Iterator[str]:
    """A state of a table is merged once, except by two runs that froze their manifests before either committed."""
    commits = {(r["run_id"], r["game_date"]): r for r in evidence.merging_commits}
    states = grouped(evidence.tables["consolidation_ledger_tables"], "staging_table", "fingerprint", "game_date")
    for state, records in states.items():
        mergers = [commits[merger] for r in records if (merger := (r["run_id"], r["game_date"])) in commits]
        for before, after in pairwise(sorted(mergers, key=lambda commit: int(commit["number"]))):
            if before["number"] <= after["seen"]:
                yield f"read again: {state} by {after} after {before}"


def tokens_only_grow(evidence: Evidence) -> Iterator[str]:
    """In the true order of the commits, of whatever kind of work; each date has at most one commit per lease."""
    commits = sorted(evidence.tables["chaos_commits"], key=lambda record: int(record["number"]))
    by_key: defaultdict[str, list[Record]] = defaultdict(list)
    for commit in commits:
        by_key[commit["lease_key"]].append(commit)
    for key, commits_of_key in by_key.items():
        for before, after in pairwise(commits_of_key):
            if after["token"] <= before["token"]:
                yield f"{STALE_WRITE}: {key} was written by {after} after {before}"
    latest = {key: commits_of_key[-1]["token"] for key, commits_of_key in by_key.items()}
    fences = {record["lease_key"]: record["token"] for record in evidence.tables["consolidation_fences"]}
    if latest != fences:
        yield f"fences: they are {fences}, but the last commits had {latest}"


def the_ledger_has_every_commit(evidence: Evidence) -> Iterator[str]:
    columns = ("game_date", "run_id")
    commits = Counter((*key, r["token"]) for key, rs in grouped(evidence.merging_commits, *columns).items()
                      for r in rs)  # fmt: skip
    ledger = Counter((r["game_date"], r["run_id"], r["lease_token"]) for r in evidence.tables["consolidation_ledger"])
    if commits != ledger:
        yield f"the ledger lacks {commits - ledger} and has {ledger - commits} in addition"


def what_follows_is_complete(evidence: Evidence) -> Iterator[str]:
    """If the dates were validated, published and graded at the end: exactly the active rows, and each once."""
    tables = evidence.tables
    active = {_key(record) for record in tables["player_prop_predictions"] if record["is_active"]}
    graded = [{**record, "current_points_line": record["line_value"]} for record in tables["prediction_accuracy"]]
    for name, records in (("published", tables["published_predictions"]), ("graded", graded)):
        actual = Counter(map(_key, records))
        if actual and actual != Counter(active):
            yield f"{name}: {actual - Counter(active)} too often, {Counter(active) - actual} not at all"


def no_staging_table_remains(evidence: Evidence) -> Iterator[str]:
    if evidence.remaining_files:
        count, example = len(evidence.remaining_files), evidence.remaining_files[0]
        yield f"left in the staging area: {count} tables, for example {example}"


_CHECKS = (
    each_key_has_one_row,
    the_current_row_is_the_newest_version,
    prediction_id_is_that_of_the_first_version,
    the_newest_line_is_active,
    every_row_is_accounted_for,
    rows_are_conserved,
    every_table_was_merged,
    no_table_is_merged_twice,
    tokens_only_grow,
    the_ledger_has_every_commit,
    what_follows_is_complete,
    no_staging_table_remains,
)
