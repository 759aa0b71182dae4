-- Rows of the files before they are written: new players of a game, changed, unchanged; and how many existing rows they
-- replace.
SELECT
  COUNTIF(K.player_lookup IS NULL) AS new_rows,
  COUNTIF(K.player_lookup IS NOT NULL AND S.exists_already IS NULL) AS changed_rows,
  COUNTIF(S.exists_already) AS unchanged_rows,
  (SELECT COUNT(*) FROM replaced_box_scores) AS replaced_rows
FROM delivered_box_scores AS D
LEFT JOIN (
  SELECT DISTINCT game_date, game_id, player_lookup
  FROM player_game_summary
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS K
  ON K.game_date = D.game_date AND K.game_id = D.game_id AND K.player_lookup = D.player_lookup
LEFT JOIN (
  SELECT DISTINCT macro.EACH_COLUMN(), TRUE AS exists_already
  FROM player_game_summary
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS S
  ON S.game_date = D.game_date AND S.game_id = D.game_id AND S.player_lookup = D.player_lookup
  AND NOT macro.ANY_DIFFERENT(D, S)
