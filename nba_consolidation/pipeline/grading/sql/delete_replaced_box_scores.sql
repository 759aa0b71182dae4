-- All rows of a game and player with a replaced row; the rows that are still right are inserted again.
DELETE FROM player_game_summary AS S
WHERE S.game_date BETWEEN @first_date AND @last_date AND S.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM replaced_box_scores AS O
    WHERE O.game_date = S.game_date AND O.game_id = S.game_id AND O.player_lookup = S.player_lookup
  )
