-- The box scores of the dates, in the declared columns. Created empty: a column that the table lacks stays NULL. Minutes
-- keep the digits that the table has: 0.03 minutes is playing.
CREATE TEMP TABLE box_scores AS
SELECT
  CAST(NULL AS DATE) AS game_date,
  CAST(NULL AS STRING) AS game_id,
  CAST(NULL AS STRING) AS player_lookup,
  CAST(NULL AS STRING) AS team_abbr,
  CAST(NULL AS STRING) AS opponent_team_abbr,
  CAST(NULL AS INT64) AS points,
  CAST(NULL AS NUMERIC) AS minutes_played,
  CAST(NULL AS TIMESTAMP) AS tip_off_at
LIMIT 0
