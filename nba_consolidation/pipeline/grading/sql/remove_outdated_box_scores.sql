-- All of a game and player of whom anything is outdated; what of it still holds is inserted again.
DELETE FROM player_game_summary AS S
WHERE S.game_date BETWEEN @first_date AND @last_date AND S.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM outdated_box_scores AS O
    WHERE O.game_date = S.game_date AND O.game_id = S.game_id AND O.player_lookup = S.player_lookup
  )
