-- Every validated prediction with its outcome, and the reason where the outcome alone does not say it; `waiting` without a
-- usable box score. A player of a game is bet on once, by the newest prediction, whatever ids and names there are. If the box scores themselves have a game
-- under two ids, a player who is listed under the other id did play: he waits until somebody decides which id is right. So
-- does one with a similar name among the box scores that match no prediction: no box score of his name does not prove that
-- he did not play.
CREATE TEMP TABLE grades AS
SELECT
  * EXCEPT (result),
  CASE
    WHEN result IN ('correct', 'wrong', 'push', 'passed') THEN result
    WHEN result IN ('no_line', 'no_book', 'after_tip_off', 'game_under_another_id', 'player_under_another_name')
      THEN 'not_a_bet'
    WHEN result IN ('dnp_injury_confirmed', 'dnp_late_scratch', 'dnp_unknown') THEN 'voided'
    ELSE 'waiting'
  END AS outcome,
  IF(result IN ('correct', 'wrong', 'push', 'passed'), NULL, result) AS outcome_reason
FROM (
  SELECT
    P.*,
    A.points AS actual_points,
    A.minutes_played,
    A.player_lookup AS box_score_player,
    A.team_abbr AS box_score_team,
    IF(Y.game_id = P.game_id, NULL, Y.game_id) AS box_score_game_id,
    E.game_id AS other_game_id,
    T.newest_prediction,
    N.box_score_player AS similar_name,
    CASE
      WHEN Y.box_score_key IS NULL THEN 'game_without_box_scores'
      WHEN A.player_key IS NULL AND E.player_key IS NOT NULL THEN 'box_score_under_another_id'
      WHEN A.player_key IS NULL AND N.player_key IS NOT NULL THEN 'similar_box_score_name'
      WHEN A.unusable IS NOT NULL THEN A.unusable
      WHEN A.player_key IS NULL OR (A.points = 0 AND A.minutes_played = 0)
        THEN CASE
          WHEN P.injury_status IN ('OUT', 'DOUBTFUL') THEN 'dnp_injury_confirmed'
          WHEN P.injury_status IN ('QUESTIONABLE', 'PROBABLE') THEN 'dnp_late_scratch'
          ELSE 'dnp_unknown'
        END
      WHEN P.recommendation NOT IN ('OVER', 'UNDER') THEN 'passed'
      WHEN T.reason IS NOT NULL THEN T.reason
      WHEN P.current_points_line IS NULL THEN 'no_line'
      WHEN COALESCE(P.line_source, '') NOT IN ('ACTUAL_PROP', 'ODDS_API', 'BETTINGPROS') THEN 'no_book'
      WHEN NOT P.prediction_made_before_game OR P.version_created_at >= Y.tip_off_at THEN 'after_tip_off'
      WHEN A.points = P.current_points_line THEN 'push'
      WHEN (A.points > P.current_points_line) = (P.recommendation = 'OVER') THEN 'correct'
      ELSE 'wrong'
    END AS result
  FROM (
    SELECT
      V.*,
      UPPER(TRIM(V.injury_status_at_prediction)) AS injury_status,
      G.game_key,
      G.box_score_key,
      L.player_key
    FROM validated_predictions AS V
    JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
    JOIN player_keys AS L ON L.player_lookup = V.player_lookup
    WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates)
  ) AS P
  LEFT JOIN repeated_predictions AS T
    ON T.game_date = P.game_date
    AND T.game_id = P.game_id
    AND T.player_lookup = P.player_lookup
    AND T.system_id = P.system_id
  LEFT JOIN played_games AS Y ON Y.game_date = P.game_date AND Y.box_score_key = P.box_score_key
  LEFT JOIN player_results AS A
    ON A.game_date = P.game_date AND A.box_score_key = P.box_score_key AND A.player_key = P.player_key
  LEFT JOIN similar_names AS N
    ON N.game_date = P.game_date AND N.box_score_key = P.box_score_key AND N.player_key = P.player_key
  LEFT JOIN player_results AS E
    ON E.game_date = P.game_date AND E.box_score_key = P.game_key AND E.player_key = P.player_key
)
