-- The player_lookup of a name, however it is written: `jokic` of `Jokić`. Marks are taken from the letters first, so
-- that they go with all else that is no letter or digit. Unicode has đ, ł, ø and ı as letters of their own, without mark.
CREATE TEMP FUNCTION PLAYER_KEY(name STRING) AS (
  REGEXP_REPLACE(TRANSLATE(LOWER(NORMALIZE(name, NFD)), 'đłøı', 'dloi'), '[^a-z0-9]', '')
)
