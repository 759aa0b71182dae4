-- Existing rows of a game and player of the files that differ from the files.
CREATE TEMP TABLE replaced_box_scores AS
SELECT macro.EACH_COLUMN(S)
FROM player_game_summary AS S
WHERE S.game_date BETWEEN @first_date AND @last_date AND S.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM delivered_box_scores AS D
    WHERE D.game_date = S.game_date AND D.game_id = S.game_id AND D.player_lookup = S.player_lookup
  )
  AND NOT EXISTS (
    SELECT 1
    FROM delivered_box_scores AS D
    WHERE D.game_date = S.game_date AND D.game_id = S.game_id AND D.player_lookup = S.player_lookup
      AND NOT macro.ANY_DIFFERENT(D, S)
  )
