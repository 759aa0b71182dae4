"""How a statement is rendered: literals that nothing can leave, keys spelled out once, one statement per file."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
import sqlglot
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from nba_consolidation.schema import ACTIVATION_KEY, BUSINESS_KEY
from nba_consolidation.schema.canonical_keys import player_key, trimmed
from nba_consolidation.sql import Statement, rendering
from nba_consolidation.sql.literals import literal
from nba_consolidation.sql.rendering import statement_names
from nba_consolidation.sql.statement import Dialect
from nba_consolidation_tests.names import LOOKUPS

FILES = sorted(Path(str(resources.files("nba_consolidation"))).rglob("*.sql"))
FUNCTIONS = [file for file in FILES if "CREATE TEMP FUNCTION" in file.read_text(encoding="utf-8")]
STATEMENTS = [file for file in FILES if file not in FUNCTIONS]
NAMES = {"TABLE": "policy_reviews", "COMPUTED": "computed_policy_reviews", "ID_COLUMN": "review_id",
         "NEW_ROWS": "new_rows", "WRITTEN_AT": "computed_at",
         "REMOVED": "prediction_accuracy_removed", "REMOVED_BY": "removed_by_grading_id",
         "LEDGER": "grading_ledger"}  # fmt: skip
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
HOSTILE = ["it's", "it''s", "\\", "\\'", "a\\", "x'); DROP TABLE y; --", "\\' OR 1=1 --", '"', "`", "/* x",
           "line\nbreak",
           "@name", "?", "$1", "{}", "é\u2028", "'''", '"""', "\t", ""]  # fmt: skip


class AnyParameter(dict[str, Any]):
    """A value for whatever parameter a file wants."""

    def __missing__(self, name: str) -> Any:
        if name == "leases":
            return [{"lease_key": "consolidation_2026-01-15", "game_date": dt.date(2026, 1, 15), "token": 1}]
        return [dt.date(2026, 1, 15)] if name.endswith("s") else "x"


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all tests of this module: it takes 20 ms of processor time to start."""
    connection = duckdb.connect()
    return connection.execute("SET TimeZone = 'UTC'")


def name_of(file: Path) -> str:
    """The statement's name: the file's without its order number."""
    return file.stem.lstrip("0123456789_")


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Renders a test's own text as if it were a file."""
    from_file = rendering._source

    def render(sql: str, dialect: Dialect = "bigquery", **options: Any) -> str:
        monkeypatch.setattr(rendering, "_source", lambda name: sql if name == "test" else from_file(name))
        return Statement("test", **options).render(dialect)

    return render


def test_every_file_is_a_statement_and_no_two_have_the_same_name() -> None:
    assert len(statement_names()) == len(STATEMENTS) > 40


@pytest.mark.parametrize("file", STATEMENTS, ids=attrgetter("stem"))
def test_every_file_holds_one_statement_that_renders_as_one_for_both_engines(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len([tree for tree in sqlglot.parse(text, read="bigquery") if tree is not None]) == 1
    for dialect in DIALECTS:
        name = name_of(file)
        sql = Statement(name, AnyParameter(), columns=("sportsbook", "odd `name"), names=NAMES).render(dialect)
        (tree,) = sqlglot.parse(sql, read=dialect)
        assert tree is not None
        assert not list(tree.find_all(exp.Parameter, exp.Placeholder))
        assert "macro" not in sql
    (parsed,) = _engine().extract_statements(
        Statement(name_of(file), AnyParameter(), columns=("c",), names=NAMES).render("duckdb")
    )
    assert parsed.query


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_a_hostile_string_cannot_leave_its_literal(rendered: Callable[..., str], dialect: Dialect, text: str) -> None:
    sql = rendered("SELECT @name AS x, 'end' AS y", dialect, parameters={"name": text})
    (tree,) = sqlglot.parse(sql, read=dialect)
    assert isinstance(tree, exp.Select)
    assert [(one.alias, one.this) for one in tree.expressions] == [
        ("x", exp.Literal.string(text)), ("y", exp.Literal.string("end")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -5, 2**62, 0.1, -1e300, 5e-324, "x", *HOSTILE, Decimal("20.5"), Decimal("-0.000000001"),
     Decimal("1E+2"), dt.date(2026, 1, 15), NOON, NOON.replace(microsecond=123456)],
    ids=repr,
)  # fmt: skip
def test_a_literal_comes_back_as_it_was(value: Any) -> None:
    (row,) = _engine().execute(f"SELECT {literal(value).sql(dialect='duckdb')}").fetchall()
    assert row[0] == value


def test_a_time_stamp_is_bound_in_utc() -> None:
    eastern = dt.datetime(2026, 1, 15, 7, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    assert "2026-01-15 12:00:00.000000+00:00" in literal(eastern).sql(dialect="bigquery")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.datetime(2026, 1, 15), "without a time zone"),
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        (Decimal("NaN"), "not finite"),
        (Decimal("-Infinity"), "not finite"),
    ],
)
def test_a_value_that_no_literal_can_hold_is_refused(value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        literal(value)


@pytest.mark.parametrize("value", [object(), b"bytes", {"a": 1}, {1}])
def test_a_type_without_a_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no SQL literal"):
        literal(value)


def test_rows_become_an_array_of_structs(rendered: Callable[..., str]) -> None:
    rows = [{"k": "it's", "d": dt.date(2026, 1, 15), "n": None}, {"k": "b", "d": dt.date(2026, 1, 16), "n": 2}]
    sql = rendered("SELECT * FROM UNNEST(@rows)", "duckdb", parameters={"rows": rows})
    cursor = duckdb.connect().execute(sql)
    assert [dict(zip(("k", "d", "n"), row, strict=True)) for row in cursor.fetchall()] == rows


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_list_parameter_in_in_unnest_is_a_literal_list(rendered: Callable[..., str], dialect: Dialect) -> None:
    sql = rendered("SELECT 1 FROM t WHERE d IN UNNEST(@days)", dialect, parameters={"days": [1, 2]})
    assert sql.endswith("d IN (1, 2)")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_in_an_empty_list(rendered: Callable[..., str], dialect: Dialect) -> None:
    sql = rendered("SELECT 1 FROM t WHERE d IN UNNEST(@days)", dialect, parameters={"days": []})
    assert sql.endswith("d IN (NULL)")


def test_a_parameter_that_nobody_gave_is_an_error(rendered: Callable[..., str]) -> None:
    with pytest.raises(KeyError, match="name"):
        rendered("SELECT @name")


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Statement("no_such_statement").render("duckdb")


@pytest.mark.parametrize(("marker", "key"), [("SAME_KEY", BUSINESS_KEY), ("SAME_ACTIVATION_KEY", ACTIVATION_KEY)])
def test_same_key_is_equality_over_the_key_and_null_safe_for_the_line(
    rendered: Callable[..., str], marker: str, key: tuple[str, ...]
) -> None:
    nullable = {"current_points_line"}
    expected = " AND ".join(f"T.{name} {'IS NOT DISTINCT FROM' if name in nullable else '='} S.{name}" for name in key)
    assert rendered(f"SELECT 1 FROM t AS T JOIN s AS S ON macro.{marker}(T, S)").endswith(f"ON ({expected})")


def player_keys(rendered: Callable[..., str], names: list[str]) -> list[str]:
    bound = {"names": [{"name": name} for name in names]}
    sql = rendered("SELECT macro.PLAYER_KEY(N.name) AS k FROM UNNEST(@names) AS N", "duckdb", parameters=bound)
    return [key for (key,) in duckdb.connect().execute(sql).fetchall()]


def test_a_player_key_is_the_lookup_that_a_name_amounts_to(rendered: Callable[..., str]) -> None:
    assert player_keys(rendered, list(LOOKUPS)) == list(LOOKUPS.values())


def test_a_player_key_folds_every_letter_as_unicode_takes_it_apart(rendered: Callable[..., str]) -> None:
    letters = [chr(code) for code in range(0xC0, 0x250)]
    unmarked = [unicodedata.normalize("NFD", letter)[0].lower() for letter in letters]
    plain = {letter: base for letter, base in zip(letters, unmarked, strict=True) if base.isascii() and base.isalpha()}
    assert len(plain) > 200
    assert player_keys(rendered, list(plain)) == list(plain.values())


@pytest.mark.parametrize(
    ("letter", "plain"),
    [
        ("ß", "ss"),
        ("ẞ", "ss"),
        ("Æ", "ae"),
        ("ø", "o"),
        ("Ł", "l"),
        ("đ", "d"),
        ("\u0131", "i"),
        ("Œ", "oe"),
        ("þ", "th"),
    ],
)
def test_a_letter_that_unicode_does_not_take_apart_is_folded_too(
    rendered: Callable[..., str], letter: str, plain: str
) -> None:
    assert player_keys(rendered, [f"x{letter}y"]) == [f"x{plain}y"]


def test_names_without_any_ascii_letter_are_still_different_players(rendered: Callable[..., str]) -> None:
    assert player_keys(rendered, ["Йокич", "ЙОКИЧ", "姚明"]) == ["йокич", "йокич", "姚明"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=12)


@given(
    st.lists(TEXTS, min_size=1),
    st.lists(st.sampled_from(["Jokić", " ", "\u00a0", "\u200b", "ß", "\t", "7"]), max_size=6),
)
def test_a_writer_without_a_warehouse_has_the_same_canonical_spellings(texts: list[str], parts: list[str]) -> None:
    names = [*texts, "".join(parts)]
    rows: dict[str, Any] = {"names": [{"position": n, "name": name} for n, name in enumerate(names)]}
    select = "SELECT macro.PLAYER_KEY(N.name), macro.TRIMMED(N.name) FROM UNNEST(@names) AS N ORDER BY N.position"
    from_file = rendering._source
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_source", lambda name: select if name == "test" else from_file(name))
        spellings = duckdb.connect().execute(Statement("test", rows).render("duckdb")).fetchall()
    assert [text for _, text in spellings] == [trimmed(name) for name in names]
    in_ascii = [key if key.isascii() else None for key, _ in spellings]
    assert in_ascii == [key if (key := player_key(name)).isascii() else None for name in names]


def test_a_player_key_of_null_is_null(rendered: Callable[..., str]) -> None:
    assert duckdb.connect().execute(rendered("SELECT macro.PLAYER_KEY(NULL)", "duckdb")).fetchall() == [(None,)]


def test_a_player_key_is_plain_googlesql_on_bigquery(rendered: Callable[..., str]) -> None:
    sql = rendered("SELECT 1 FROM s JOIN b ON macro.PLAYER_KEY(s.name) = b.it")
    assert "TRANSLATE(LOWER(NORMALIZE(s.name, NFD)), 'đłøıðħŧŋəɨ', 'dloidhtnei')" in sql
    assert r"LOWER((REGEXP_REPLACE(s.name, '^[\\pZ\\pC]+|[\\pZ\\pC]+$|\\pC+', ''))" in sql


@pytest.mark.parametrize("file", STATEMENTS, ids=attrgetter("stem"))
def test_no_file_takes_letters_apart_but_by_player_key(file: Path) -> None:
    assert "NORMALIZE" not in file.read_text(encoding="utf-8").upper()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT macro.EACH_COLUMN(T) FROM T", "SELECT T.`a`, T.`b c` FROM T"),
        ("SELECT macro.ROW_AS_JSON(S) FROM S", "SELECT TO_JSON_STRING(STRUCT(S.`a` AS `a`, S.`b c` AS `b c`)) FROM S"),
        ("UPDATE t AS T SET x = 1, macro.EACH_COLUMN = macro.EACH_COLUMN(V) FROM V WHERE TRUE",
         "UPDATE t AS T SET x = 1, `a` = V.`a`, `b c` = V.`b c` FROM V WHERE TRUE"),
        ("INSERT INTO t (x, `macro.EACH_COLUMN`) SELECT 1, macro.EACH_COLUMN() FROM s",
         "INSERT INTO t (x, `a`, `b c`) SELECT 1, `a`, `b c` FROM s"),
        ("SELECT 1 FROM t GROUP BY macro.EACH_COLUMN() ORDER BY macro.EACH_COLUMN() DESC",
         "SELECT 1 FROM t GROUP BY `a`, `b c` ORDER BY `a` DESC, `b c` DESC"),
    ],
)  # fmt: skip
def test_each_column_is_repeated_in_every_list(rendered: Callable[..., str], sql: str, expected: str) -> None:
    assert rendered(sql, columns=("x", "y", "z")) != expected
    assert rendered(sql, columns=("a", "b c")) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT macro.MISSING(T) FROM T",
        "SELECT 1 FROM T WHERE macro.SAME_KEYS(T, T)",
        "SELECT 1 FROM macro.TABLE",
        "INSERT INTO t (`macro.COLUMN`) SELECT 1",
        "SELECT macro.LEDGER()",  # a file, and no function
        "SELECT macro.PRIMARY_KEY() FROM t",  # of no table
    ],
)
def test_a_macro_that_does_not_exist_is_an_error(rendered: Callable[..., str], sql: str) -> None:
    with pytest.raises(LookupError, match="macro"):
        rendered(sql, parameters=AnyParameter())


def test_names_replace_tables_and_columns(rendered: Callable[..., str]) -> None:
    names = {"TABLE": "policy_reviews", "COLUMN": "review_id"}
    sql = "INSERT INTO macro.TABLE (`macro.COLUMN`) SELECT 1 FROM s WHERE macro.SAME_PRIMARY_KEY(s, t)"
    assert rendered(sql, names=names) == (
        "INSERT INTO policy_reviews (review_id) SELECT 1 FROM s "
        "WHERE (s.game_date = t.game_date AND s.policy = t.policy)"
    )


def test_rows_are_selected_by_the_parameters_of_their_columns_in_the_order_of_the_primary_key(
    rendered: Callable[..., str],
) -> None:
    sql = "SELECT 1 FROM macro.TABLE AS T WHERE macro.EQUAL_TO_PARAMETERS(T) ORDER BY macro.PRIMARY_KEY(T)"
    names = {"TABLE": "policy_reviews"}
    parameters = {"policy": "it's", "bets": 7, "other": "x"}
    assert rendered(sql, names=names, columns=("policy", "bets"), parameters=parameters) == (
        "SELECT 1 FROM policy_reviews AS T WHERE (TRUE AND T.`policy` = 'it\\'s' AND T.`bets` = 7) "
        "ORDER BY T.`game_date`, T.`policy`"
    )
    assert rendered(sql, names=names).endswith("WHERE (TRUE) ORDER BY T.`game_date`, T.`policy`")


@pytest.mark.parametrize("file", FUNCTIONS, ids=attrgetter("stem"))
def test_a_function_has_the_name_of_its_file(file: Path) -> None:
    tree = sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery")
    assert tree.this.this.name == name_of(file).upper()


def test_the_business_key_is_spelled_out_in_order(rendered: Callable[..., str]) -> None:
    names = ", ".join(f"T.`{name}`" for name in BUSINESS_KEY)
    assert rendered("SELECT macro.BUSINESS_KEY(T) FROM T").startswith(f"SELECT {names} FROM")


def test_a_column_name_cannot_leave_its_quotes(rendered: Callable[..., str]) -> None:
    sql = rendered("SELECT macro.EACH_COLUMN() FROM t", "duckdb", columns=('x" FROM y; DROP TABLE t; --',))
    assert len(sqlglot.parse(sql, read="duckdb")) == 1
    assert '"x"" FROM y; DROP TABLE t; --"' in sql


def test_an_audit_passes_on_no_row_and_fails_on_one(rendered: Callable[..., str]) -> None:
    connection = duckdb.connect()
    audit: dict[str, Any] = {"dialect": "duckdb", "audit": True}
    assert connection.execute(rendered("SELECT 1 AS bad WHERE FALSE", **audit)).fetchall() == [(True,)]
    with pytest.raises(duckdb.Error, match=r'audit failed: 2 row\(s\), for instance \{"bad":1\}'):
        connection.execute(rendered("SELECT 1 AS bad UNION ALL SELECT 2", **audit))


def rendered_afresh(statement: Statement, dialect: Dialect) -> str:
    """The statement as a process renders it that keeps nothing."""
    for kept in (rendering._parse, rendering._expanded):
        kept.cache_clear()
    tree = statement.tree()
    if dialect == "duckdb":
        tree = tree.transform(rendering._for_duckdb)
    return tree.sql(dialect=dialect, comments=False)


SCALARS: list[st.SearchStrategy[Any]] = [
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(HOSTILE) | st.text(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.dates(),
    st.datetimes(timezones=st.just(dt.UTC)),
]
LISTS = [st.lists(scalar, min_size=size, max_size=size) for scalar in SCALARS[2:] for size in (0, 1, 3)]
ROWS = [st.lists(st.fixed_dictionaries({"k": SCALARS[4], "n": scalar}), min_size=2, max_size=2) for scalar in SCALARS]


SHAPES: list[Any] = [
    None, True, False, 0, 7, -7, 0.5, -0.5, "7", "it's", Decimal(-7), dt.date(2026, 1, 15), NOON,
    [], [7], [-7], ["7"], [7, 8], [dt.date(2026, 1, 15), None], [{"a": 7}], [{"a": -7}], [{"b": 7}],
    [{"a": 7, "b": "7"}],
]  # fmt: skip


# Kills: any part of a shape left out of what a rendered statement is kept by; texts taken in another order.
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_value_is_written_in_the_form_of_another(rendered: Callable[..., str], dialect: Dialect) -> None:
    for value in SHAPES * 2:
        expected = literal(value).sql(dialect=dialect)
        parameters = {"x": value, "y": "text", "z": value}
        assert rendered("SELECT @x, @y, @z", dialect, parameters=parameters) == f"SELECT {expected}, 'text', {expected}"


# Kills: a kept tree that is changed; a statement kept for another dialect or for no audit.
@settings(max_examples=40)
@given(data=st.data(), file=st.sampled_from(STATEMENTS), dialect=st.sampled_from(DIALECTS), audit=st.booleans())
def test_a_statement_is_rendered_with_new_values_as_it_would_be_for_the_first_time(
    data: st.DataObject, file: Path, dialect: Dialect, audit: bool
) -> None:
    assume(not audit or isinstance(rendering._parse(file.read_text(encoding="utf-8")), exp.Query))
    columns = data.draw(st.sampled_from([("a",), ("b c", "a")]))
    kinds = {name: data.draw(st.sampled_from([*SCALARS, *LISTS, *ROWS])) for name in parameters_of(file, columns)}
    for _ in range(3):
        bound = {name: data.draw(kind) for name, kind in kinds.items()}
        statement = Statement(name_of(file), bound, columns, audit and is_query(file), NAMES)
        rendered = statement.render(dialect)
        assert rendered == rendered_afresh(statement, dialect)


def is_query(file: Path) -> bool:
    return isinstance(sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery"), exp.Query)


def parameters_of(file: Path, columns: tuple[str, ...] = ("a",)) -> list[str]:
    tree = rendering._expanded(rendering._template_of(Statement(name_of(file), columns=columns, names=NAMES)))
    return sorted({parameter.name for parameter in tree.find_all(exp.Parameter)})
