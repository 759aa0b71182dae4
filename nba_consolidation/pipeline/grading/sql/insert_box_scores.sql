-- The rows of the files that the table does not have.
INSERT INTO player_game_summary (`macro.EACH_COLUMN`)
SELECT macro.EACH_COLUMN(D)
FROM delivered_box_scores AS D
WHERE NOT EXISTS (
  SELECT 1
  FROM player_game_summary AS S
  WHERE S.game_date BETWEEN @first_date AND @last_date AND S.game_date IN UNNEST(@game_dates)
    AND S.game_date = D.game_date AND S.game_id = D.game_id AND S.player_lookup = D.player_lookup
    AND NOT macro.ANY_DIFFERENT(D, S)
)
