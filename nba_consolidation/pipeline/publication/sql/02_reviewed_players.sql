-- The players as the last review knows them: that of the date, or the newest one of the week before. Without a review,
-- nothing is known of a player, and no filter stops a bet on him. An override that ends between that review and the date is
-- no longer in force.
CREATE TEMP TABLE reviewed_players AS
SELECT
  L.game_date,
  R.player_lookup AS player_key,
  IF(O.last_date < L.game_date, R.computed_status, R.status) AS status,
  R.variance_flag
FROM (
  SELECT D.game_date, MAX(Q.game_date) AS reviewed_for
  FROM leases AS D
  JOIN policy_reviews AS Q
    ON Q.game_date BETWEEN DATE_SUB(D.game_date, INTERVAL 7 DAY) AND D.game_date
  WHERE Q.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
  GROUP BY D.game_date
) AS L
JOIN player_reliability AS R ON R.game_date = L.reviewed_for
LEFT JOIN player_overrides AS O ON O.override_id = R.override_id
WHERE R.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
