-- The player_lookup of a name, however it is written: `jokic` of `Jokić`. Marks are taken from the letters first, so
-- that they go with all else that is no letter or digit. Letters that Unicode does not decompose are replaced by the
-- ASCII letters that name them in English. A name without any such letter or digit stays: it is still one player.
CREATE TEMP FUNCTION PLAYER_KEY(name STRING) AS (
  COALESCE(
    NULLIF(
      REGEXP_REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(
          TRANSLATE(LOWER(NORMALIZE(name, NFD)), 'đłøıðħŧŋəɨ', 'dloidhtnei'),
          'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        '[^a-z0-9]', ''
      ),
      ''
    ),
    LOWER(macro.TRIMMED(name))
  )
)
