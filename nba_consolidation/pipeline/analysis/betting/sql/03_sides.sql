-- The two sides of each player and line: how many systems bet on each, of how many that bet on this line, and their mean
-- confidence and edge. Bets on two lines do not contradict each other, so each line is a vote of its own.
CREATE TEMP TABLE sides AS
SELECT
  *,
  SUM(systems) OVER (PARTITION BY game_date, player_key, line_value) AS voters
FROM (
  SELECT
    game_date,
    player_key,
    line_value,
    is_over,
    COUNT(DISTINCT system_id) AS systems,
    LOGICAL_OR(won) AS won,
    LOGICAL_OR(decided) AS decided,
    LOGICAL_OR(flagged) AS flagged,
    CAST(FLOOR(AVG(confidence_micros)) AS INT64) AS confidence_micros,
    CAST(FLOOR(AVG(edge_tenths)) AS INT64) AS edge_tenths
  FROM votes
  GROUP BY game_date, player_key, line_value, is_over
)
