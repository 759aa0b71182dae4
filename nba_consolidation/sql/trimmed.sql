-- The text without blanks at its ends, and without characters that nobody can see: two texts that look the same are
-- then the same. Blanks are all of Unicode's, control characters among them.
CREATE TEMP FUNCTION TRIMMED(name STRING) AS (
  REGEXP_REPLACE(name, r'^[\pZ\pC]+|[\pZ\pC]+$|\pC+', '')
)
