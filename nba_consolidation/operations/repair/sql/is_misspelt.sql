-- Whether a text part of the business key is not in its canonical spelling.
CREATE TEMP FUNCTION IS_MISSPELT(game_id STRING, player_lookup STRING, system_id STRING) AS (
  COALESCE(game_id <> macro.TRIMMED(game_id), FALSE)
  OR COALESCE(player_lookup <> macro.PLAYER_KEY(player_lookup), FALSE)
  OR COALESCE(system_id <> macro.TRIMMED(system_id), FALSE)
)
