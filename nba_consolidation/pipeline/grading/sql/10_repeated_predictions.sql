-- All predictions of a player, game and system but the newest: the game is predicted under two ids, or the player or the
-- system under two spellings, which tables have from before the row rules. One bet counts.
CREATE TEMP TABLE repeated_predictions AS
SELECT
  game_date,
  game_id,
  player_lookup,
  system_id,
  IF(newest_game_id <> game_id, 'game_under_another_id', 'player_under_another_name') AS reason,
  CONCAT(newest_game_id, ' ', newest_player_lookup, ' ', newest_system_id) AS newest_prediction
FROM (
  SELECT
    V.game_date,
    V.game_id,
    V.player_lookup,
    V.system_id,
    ROW_NUMBER() OVER newest_first AS version_rank,
    FIRST_VALUE(V.game_id) OVER newest_first AS newest_game_id,
    FIRST_VALUE(V.player_lookup) OVER newest_first AS newest_player_lookup,
    FIRST_VALUE(V.system_id) OVER newest_first AS newest_system_id
  FROM validated_predictions AS V
  JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
  JOIN player_keys AS P ON P.player_lookup = V.player_lookup
  WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates)
  WINDOW newest_first AS (
    PARTITION BY V.game_date, G.game_key, P.player_key, macro.TRIMMED(V.system_id)
    ORDER BY V.version_created_at DESC, V.prediction_id DESC, V.game_id, V.player_lookup, V.system_id
  )
)
WHERE version_rank > 1
