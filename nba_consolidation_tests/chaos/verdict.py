"""Whether all came right: nothing doubled, lost, invented or stale. Computed anew from what was staged.

Each check yields a sentence for whatever is wrong; none asks how it came about, nor whether it was quick.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

from nba_consolidation_tests.chaos.evidence import Evidence, Record, grouped
from nba_consolidation_tests.chaos.rows import Key, StagedRow

_TWIN = ("game_date", "game_id", "player_lookup", "system_id")
_OUTCOMES = ("inserted", "updated", "stale", "superseded", "quarantined")
STALE_WRITE = "stale write"


def judge(evidence: Evidence) -> list[str]:
    """Everything that is wrong."""
    return [wrong for check in _CHECKS for wrong in check(evidence)]


def _key(record: Record) -> Key:
    line = record["current_points_line"]
    return (*(record[column] for column in _TWIN), None if line is None else f"{line:.1f}")


def _newest(evidence: Evidence) -> dict[Key, StagedRow]:
    """What must stand, by business key."""
    sound = (row for row in evidence.rows.values() if not row.broken)
    return {row.key: row for row in sorted(sound, key=lambda row: row.age)}


def one_row_for_each_key(evidence: Evidence) -> Iterator[str]:
    found = Counter(map(_key, evidence.tables["player_prop_predictions"]))
    expected = set(_newest(evidence))
    yield from (f"duplicate: {key} stands {number} times" for key, number in found.items() if number > 1)
    yield from (f"lost: {key} was staged and does not stand" for key in expected - set(found))
    yield from (f"invented: {key} stands and was never staged" for key in set(found) - expected)


def the_newest_version_stands(evidence: Evidence) -> Iterator[str]:
    newest = _newest(evidence)
    for record in evidence.tables["player_prop_predictions"]:
        row = newest.get(_key(record))
        stands = (record["version_created_at"], record["version_prediction_id"], record["predicted_points"])
        if row is not None and stands != (*row.age, Decimal(row.predicted_points)):
            yield f"not the newest: of {row.key} stands {stands}, and {row} was staged"


def the_first_version_gives_its_name(evidence: Evidence) -> Iterator[str]:
    for record in evidence.tables["player_prop_predictions"]:
        row = evidence.rows.get(record["prediction_id"])
        if row is None or (row.key, row.created_at) != (_key(record), record["created_at"]):
            yield f"misnamed: {_key(record)} has the id {record['prediction_id']} of {row}"


def the_newest_line_is_active(evidence: Evidence) -> Iterator[str]:
    for twin, records in grouped(evidence.tables["player_prop_predictions"], *_TWIN).items():
        first = max(records, key=lambda record: (record["version_created_at"], record["version_prediction_id"]))
        active = [record for record in records if record["is_active"]]
        if active != [first]:
            yield f"activation: of {twin} {[_key(record)[-1] for record in active]} are active, not {_key(first)[-1]}"
        rest = {record["superseded_by"] for record in records if record is not first}
        if first["superseded_by"] is not None or rest - {first["prediction_id"]}:
            yield f"activation: {twin} are superseded by {rest}, the newest by {first['superseded_by']}"


def every_row_is_accounted_for(evidence: Evidence) -> Iterator[str]:
    tables = evidence.tables
    kept = {record["version_prediction_id"] for record in tables["player_prop_predictions"]}
    kept |= {record["prediction_id"] for record in tables["lost_versions"]}
    originals = [json.loads(record["original_row"]) for record in tables["quarantined_predictions"]]
    yield from _compared("the rows that stand or lost", kept, (r for r in evidence.rows.values() if not r.broken))
    quarantined = {original["prediction_id"] for original in originals}
    yield from _compared("the quarantined rows", quarantined, (r for r in evidence.rows.values() if r.broken))


def _compared(where: str, found: set[str], staged: Iterable[StagedRow]) -> Iterator[str]:
    expected = {row.prediction_id for row in staged}
    yield from (f"lost: {name} is not among {where}" for name in expected - found)
    yield from (f"invented: {name} is among {where}" for name in found - expected)


def what_went_in_came_out(evidence: Evidence) -> Iterator[str]:
    """The conservation law, of each consolidation and of all together."""
    tables = evidence.tables
    merged = grouped(tables["consolidation_ledger_tables"], "consolidation_id", "game_date")
    total: Counter[str] = Counter()
    for record in tables["consolidation_ledger"]:
        total.update({outcome: record[outcome] for outcome in _OUTCOMES})
        read = sum(entry["staged"] for entry in merged.get((record["consolidation_id"], record["game_date"]), ()))
        if not record["staged"] == read == sum(record[outcome] for outcome in _OUTCOMES):
            yield f"not conserved: {read} rows were read, and the ledger says {record}"
    lost = Counter(record["outcome"] for record in tables["lost_versions"])
    standing = tables["player_prop_predictions"]
    found = {
        "inserted": len(standing),
        "updated": sum(record["prediction_version"] - 1 for record in standing),
        "stale": lost["stale"],
        "superseded": lost["superseded"],
        "quarantined": len(tables["quarantined_predictions"]),
    }
    if found != {outcome: total[outcome] for outcome in _OUTCOMES} or lost["replaced"] != found["updated"]:
        yield f"not conserved: the ledger's sums are {dict(total)}, but there are {found} and {dict(lost)}"


def every_table_was_merged(evidence: Evidence) -> Iterator[str]:
    """The last version of each, whole; and nothing that nobody staged."""
    for version in evidence.newest_versions:
        for date, number in version.rows_by_date.items():
            if (version.table, date, number) not in evidence.merged:
                yield f"lost: version {version.number} of {version.table} was not merged for {date}"
    known = {(v.table, date, number) for v in evidence.versions for date, number in v.rows_by_date.items()}
    yield from (f"invented: {merged} was merged" for merged in set(evidence.merged) - known)


def nothing_was_read_again(evidence: Evidence) -> Iterator[str]:
    """A state of a table is merged once, but by two who both froze their manifests before either had committed."""
    commits = {(r["run_id"], r["game_date"]): r for r in evidence.tables["chaos_commits"]}
    states = grouped(evidence.tables["consolidation_ledger_tables"], "staging_table", "fingerprint", "game_date")
    for state, records in states.items():
        mergers = [commits[merger] for r in records if (merger := (r["run_id"], r["game_date"])) in commits]
        for before, after in pairwise(sorted(mergers, key=lambda commit: int(commit["number"]))):
            if before["number"] <= after["seen"]:
                yield f"read again: {state} by {after} after {before}"


def no_token_went_back(evidence: Evidence) -> Iterator[str]:
    """In the true order of the commits, of which each date can have one under each lease."""
    commits = sorted(evidence.tables["chaos_commits"], key=lambda record: int(record["number"]))
    by_date: defaultdict[str, list[Record]] = defaultdict(list)
    for commit in commits:
        by_date[commit["game_date"]].append(commit)
    for date, ones in by_date.items():
        for before, after in pairwise(ones):
            if after["token"] <= before["token"]:
                yield f"{STALE_WRITE}: {date} was written by {after} after {before}"
    latest = {date: ones[-1]["token"] for date, ones in by_date.items()}
    fences = {record["game_date"]: record["token"] for record in evidence.tables["consolidation_fences"]}
    if latest != fences:
        yield f"fences: they stand at {fences}, and the last commits had {latest}"


def the_ledger_tells_every_commit(evidence: Evidence) -> Iterator[str]:
    columns = ("game_date", "run_id")
    commits = Counter((*key, r["token"]) for key, rs in grouped(evidence.tables["chaos_commits"], *columns).items()
                      for r in rs)  # fmt: skip
    ledger = Counter((r["game_date"], r["run_id"], r["lease_token"]) for r in evidence.tables["consolidation_ledger"])
    if commits != ledger:
        yield f"the ledger lacks {commits - ledger} and has {ledger - commits} too much"


def nothing_is_left(evidence: Evidence) -> Iterator[str]:
    if evidence.left_files:
        yield f"left in the staging area: {len(evidence.left_files)} tables, for instance {evidence.left_files[0]}"


_CHECKS = (
    one_row_for_each_key,
    the_newest_version_stands,
    the_first_version_gives_its_name,
    the_newest_line_is_active,
    every_row_is_accounted_for,
    what_went_in_came_out,
    every_table_was_merged,
    nothing_was_read_again,
    no_token_went_back,
    the_ledger_tells_every_commit,
    nothing_is_left,
)
