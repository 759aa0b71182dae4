-- What stands between a prediction and a bet on it: the one place for every filter, each by its name. What the worker's
-- own filters said counts too, and comes first. Players are as the last review of the date, or of the week before it,
-- has them; without one, nothing is known of them and no filter of theirs applies.
CREATE TEMP TABLE filtered AS
SELECT
  game_date,
  game_id,
  player_lookup,
  system_id,
  player_status,
  variance_flag,
  IF(ours IS NULL, is_actionable, FALSE) AS is_actionable,
  NULLIF(ARRAY_TO_STRING([workers, ours], ', '), '') AS filter_reason
FROM (
  SELECT
    P.game_date,
    P.game_id,
    P.player_lookup,
    P.system_id,
    P.is_actionable,
    R.status AS player_status,
    R.variance_flag,
    COALESCE(P.filter_reason, IF(P.is_actionable, NULL, IF(P.is_actionable IS NULL, NULL, 'worker'))) AS workers,
    NULLIF(
      ARRAY_TO_STRING(
        [
          IF(P.recommendation IN ('OVER', 'UNDER'), NULL, 'no_bet_wanted'),
          IF(P.recommendation IN ('OVER', 'UNDER') AND P.current_points_line IS NULL, 'no_line', NULL),
          IF(P.prediction_made_before_game IS FALSE, 'made_after_tip_off', NULL),
          IF(R.status = 'blacklisted', 'blacklisted_player', NULL)
        ],
        ', '
      ),
      ''
    ) AS ours
  FROM player_prop_predictions AS P
  LEFT JOIN (
    SELECT D.game_date, MAX(Q.game_date) AS reviewed_for
    FROM leases AS D
    JOIN policy_reviews AS Q
      ON Q.game_date BETWEEN DATE_SUB(D.game_date, INTERVAL 7 DAY) AND D.game_date
    WHERE Q.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
    GROUP BY D.game_date
  ) AS L ON L.game_date = P.game_date
  LEFT JOIN (
    SELECT game_date, player_lookup, status, variance_flag
    FROM player_reliability
    WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 7 DAY) AND @last_date
  ) AS R ON R.game_date = L.reviewed_for AND R.player_lookup = PLAYER_KEY(P.player_lookup)
  WHERE P.game_date BETWEEN @first_date AND @last_date
    AND P.game_date IN UNNEST(@game_dates)
    AND P.is_active
)
