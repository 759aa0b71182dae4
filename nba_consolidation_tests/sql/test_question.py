"""A text is a question only if it is exactly one SELECT over declared tables."""

from __future__ import annotations

import pytest

from nba_consolidation.sql.question import QuestionRefused, parse_question


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("INSERT INTO bets SELECT 1", "writes nothing"),
        ("UPDATE bets SET won = TRUE WHERE TRUE", "writes nothing"),
        ("DELETE FROM bets WHERE TRUE", "writes nothing"),
        ("MERGE INTO bets USING bets AS B ON TRUE WHEN MATCHED THEN DELETE", "writes nothing"),
        ("CREATE TABLE x AS SELECT 1", "writes nothing"),
        ("DROP TABLE prediction_accuracy", "writes nothing"),
        ("TRUNCATE TABLE prediction_accuracy", "writes nothing"),
        ("COPY bets TO '/tmp/x.csv'", "writes nothing"),
        ("EXPORT DATA OPTIONS(uri='gs://x') AS SELECT 1", "writes nothing"),
        ("ATTACH '/tmp/x.db'", "not GoogleSQL"),
        ("PRAGMA database_list", "writes nothing"),
        ("SET memory_limit = '1GB'", "writes nothing"),
        ("CALL bqutil.fn.x()", "writes nothing"),
        ("EXECUTE IMMEDIATE 'DROP TABLE bets'", "writes nothing"),
        ("SELECT * INTO x FROM bets", "writes nothing"),
        ("WITH gone AS (DELETE FROM bets WHERE TRUE RETURNING 1) SELECT * FROM gone", "writes nothing"),
        ("WITH new AS (INSERT INTO bets VALUES (1) RETURNING 1) SELECT * FROM new", "writes nothing"),
        ("SELECT 1; SELECT 2", "these are 2 statements"),
        ("SELECT 1; DROP TABLE bets", "these are 2 statements"),
        ("", "these are 0 statements"),
        ("-- a comment", "these are 0 statements"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Only tables and views"),
        ("SELECT * FROM query('DROP TABLE bets')", "Only tables and views"),
        ("SELECT * FROM EXTERNAL_QUERY('c', 'DROP TABLE x')", "Only tables and views"),
        ("SELECT (SELECT MAX(content) FROM read_text('/etc/passwd')) AS x", "Only tables and views"),
        ("SELECT * FROM '/etc/passwd'", "There is no table /etc/passwd"),
        ("SELECT * FROM bet", r"There is no table bet\. Did you mean bets\?"),
        ("SELECT * FROM somewhere.bets", "bets instead of somewhere.bets"),
        ("SELECT * FROM `p.d.INFORMATION_SCHEMA.TABLES`", "without its dataset"),
        ("WITH bets AS (SELECT * FROM bets) SELECT * FROM bets", "another name"),
        ("SELECT @date", "@date has no value"),
        ("SELECT (", r"not GoogleSQL: line 1, column 8, near 'SELECT \('"),
    ],
)
def test_anything_but_one_select_over_declared_tables_is_refused(text: str, reason: str) -> None:
    with pytest.raises(QuestionRefused, match=reason):
        parse_question(text)


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT 1;", ()),
        ("SELECT won FROM bets UNION ALL SELECT TRUE", ("bets",)),
        ("WITH a AS (SELECT * FROM bets) SELECT * FROM a JOIN prediction_accuracy USING (game_date)",
         ("bets", "prediction_accuracy")),
        ("SELECT (SELECT MAX(points) FROM player_game_summary) FROM UNNEST([1, 2]) AS n", ("player_game_summary",)),
        ("FROM bets |> WHERE won |> AGGREGATE COUNT(*) AS n", ("bets",)),
    ],
)  # fmt: skip
def test_a_question_knows_the_tables_that_it_reads(text: str, tables: tuple[str, ...]) -> None:
    assert sorted(parse_question(text).tables) == sorted(tables)


def test_googlesql_is_translated_for_duckdb() -> None:
    text = "SELECT COUNTIF(won) AS n, SAFE_CAST('x' AS INT64) AS i FROM bets WHERE game_date > DATE '2026-01-15'"
    rendered = parse_question(text).render("duckdb")
    assert "COUNTIF" not in rendered
    assert "TRY_CAST('x' AS BIGINT)" in rendered


def test_a_misspelt_column_is_none_that_the_question_makes_itself() -> None:
    text = "WITH a(x, y) AS (SELECT 1, 2) SELECT B.recomendation AS r, x FROM bets AS B, a ORDER BY r"
    assert parse_question(text).columns == {"recomendation"}
