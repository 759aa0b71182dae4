-- The rows of the dates that need a repair, each with an id of its own: nothing else distinguishes identical copies
-- (incident 38).
CREATE TEMP TABLE repair_versions AS
SELECT *, GENERATE_UUID() AS version_id
FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND game_date IN (SELECT B.game_date FROM repair_before AS B WHERE B.to_repair > 0)
