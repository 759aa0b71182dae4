-- Whether a stored confidence is on the scale of its group. Where no scale is declared, a percentage is at least 2: no system
-- is so sure of losing, and 1.0001 or 1.05 is a fraction gone wrong. A confidence that is NULL contradicts nothing.
CREATE TEMP FUNCTION FITS_SCALE(score NUMERIC, is_percent BOOL, is_declared BOOL) AS (
  COALESCE(
    CASE
      WHEN NOT is_percent THEN score BETWEEN 0 AND 1
      WHEN is_declared THEN score BETWEEN 0 AND 100
      ELSE score = 0 OR score BETWEEN 2 AND 100
    END,
    TRUE
  )
)
