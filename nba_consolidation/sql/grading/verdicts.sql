-- What becomes of every validated prediction: `outcome`, and why where that is not plain; `waiting` without a usable
-- box score. One game under two ids is bet on once, by the newest prediction. Where box scores themselves have a game
-- under two ids, a player who stands under the other one only did play: he waits until somebody says which is right.
CREATE TEMP TABLE verdicts AS
SELECT
  * EXCEPT (verdict),
  SPLIT(verdict, '|')[OFFSET(0)] AS outcome,
  NULLIF(SPLIT(verdict, '|')[OFFSET(1)], '') AS outcome_reason
FROM (
  SELECT
    P.*,
    A.points AS actual_points,
    A.minutes_played,
    A.player_lookup AS box_score_player,
    A.team_abbr AS box_score_team,
    IF(Y.game_id = P.game_id, NULL, Y.game_id) AS box_score_game_id,
    E.game_id AS other_game_id,
    CASE
      WHEN Y.box_score_key IS NULL THEN 'waiting|game_without_box_scores'
      WHEN A.player_key IS NULL AND E.player_key IS NOT NULL THEN 'waiting|box_score_under_another_id'
      WHEN A.unusable IS NOT NULL THEN CONCAT('waiting|', A.unusable)
      WHEN A.player_key IS NULL OR (A.points = 0 AND A.minutes_played = 0)
        THEN CASE
          WHEN P.injury_status IN ('OUT', 'DOUBTFUL') THEN 'voided|dnp_injury_confirmed'
          WHEN P.injury_status IN ('QUESTIONABLE', 'PROBABLE') THEN 'voided|dnp_late_scratch'
          ELSE 'voided|dnp_unknown'
        END
      WHEN P.recommendation NOT IN ('OVER', 'UNDER') THEN 'passed|'
      WHEN P.twin_rank > 1 THEN 'not_a_bet|game_under_another_id'
      WHEN P.current_points_line IS NULL THEN 'not_a_bet|no_line'
      WHEN COALESCE(P.line_source, '') NOT IN ('ACTUAL_PROP', 'ODDS_API', 'BETTINGPROS') THEN 'not_a_bet|no_book'
      WHEN NOT P.prediction_made_before_game OR P.version_created_at >= Y.tip_off_at THEN 'not_a_bet|after_tip_off'
      WHEN A.points = P.current_points_line THEN 'push|'
      WHEN (A.points > P.current_points_line) = (P.recommendation = 'OVER') THEN 'correct|'
      ELSE 'wrong|'
    END AS verdict
  FROM (
    SELECT
      V.*,
      UPPER(TRIM(V.injury_status_at_prediction)) AS injury_status,
      G.game_key,
      G.box_score_key,
      PLAYER_KEY(V.player_lookup) AS player_key,
      ROW_NUMBER() OVER (
        PARTITION BY V.game_date, G.game_key, PLAYER_KEY(V.player_lookup), V.system_id
        ORDER BY V.version_created_at DESC, V.prediction_id DESC, V.game_id
      ) AS twin_rank
    FROM validated_predictions AS V
    JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
    WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates)
  ) AS P
  LEFT JOIN played AS Y ON Y.game_date = P.game_date AND Y.box_score_key = P.box_score_key
  LEFT JOIN actuals AS A
    ON A.game_date = P.game_date AND A.box_score_key = P.box_score_key AND A.player_key = P.player_key
  LEFT JOIN actuals AS E
    ON E.game_date = P.game_date AND E.box_score_key = P.game_key AND E.player_key = P.player_key
)
