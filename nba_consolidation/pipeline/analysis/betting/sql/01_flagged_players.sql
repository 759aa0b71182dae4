-- The players who were blacklisted on the morning of each game date, by the newest review of the last seven days.
-- A status set by hand counts from the day after the decision on: a later decision about an earlier date is hindsight.
CREATE TEMP TABLE flagged_players AS
SELECT L.game_date, R.player_lookup
FROM (
  SELECT D.game_date, MAX(Q.game_date) AS reviewed_for
  FROM (
    SELECT DISTINCT game_date
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date
  ) AS D
  JOIN (
    SELECT DISTINCT game_date
    FROM policy_reviews
    WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
  ) AS Q ON Q.game_date BETWEEN DATE_SUB(D.game_date, INTERVAL 7 DAY) AND D.game_date
  GROUP BY D.game_date
) AS L
JOIN (
  SELECT game_date, player_lookup, status, computed_status, override_id
  FROM player_reliability
  WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
) AS R ON R.game_date = L.reviewed_for
LEFT JOIN player_overrides AS O ON O.override_id = R.override_id
WHERE IF(O.created_at < CAST(L.game_date AS TIMESTAMP), R.status, R.computed_status) = 'blacklisted'
