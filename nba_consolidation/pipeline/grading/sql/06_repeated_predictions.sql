-- Games that are predicted under two ids: all predictions of a player and system but the newest.
CREATE TEMP TABLE repeated_predictions AS
SELECT game_date, game_id, player_lookup, system_id
FROM (
  SELECT
    V.game_date,
    V.game_id,
    V.player_lookup,
    V.system_id,
    ROW_NUMBER() OVER (
      PARTITION BY V.game_date, G.game_key, P.player_key, V.system_id
      ORDER BY V.version_created_at DESC, V.prediction_id DESC, V.game_id
    ) AS version_rank
  FROM validated_predictions AS V
  JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
  JOIN player_keys AS P ON P.player_lookup = V.player_lookup
  WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates) AND G.ids > 1
)
WHERE version_rank > 1
