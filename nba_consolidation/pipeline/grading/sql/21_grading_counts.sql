-- Outcomes of the predictions of each date. Each figure is counted by itself: `active` in validated_predictions, the outcomes
-- in prediction_accuracy after this grading, the changes in what was written.
CREATE TEMP TABLE grading_counts AS
SELECT
  L.game_date,
  L.token,
  COALESCE(A.active, 0) AS active,
  COALESCE(S.correct, 0) AS correct,
  COALESCE(S.wrong, 0) AS wrong,
  COALESCE(S.push, 0) AS push,
  COALESCE(S.passed, 0) AS passed,
  COALESCE(S.not_a_bet, 0) AS not_a_bet,
  COALESCE(S.voided, 0) AS voided,
  COALESCE(W.waiting, 0) AS waiting,
  COALESCE(W.without_box_score, 0) AS without_box_score,
  COALESCE(R.inserted, 0) AS inserted,
  COALESCE(R.updated, 0) AS updated,
  COALESCE(O.removed, 0) AS removed,
  COALESCE(T.total_rows, 0) AS total_rows
FROM leases AS L
LEFT JOIN (
  SELECT game_date, COUNT(*) AS active
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A ON A.game_date = L.game_date
LEFT JOIN (
  SELECT
    game_date,
    COUNTIF(outcome = 'correct') AS correct,
    COUNTIF(outcome = 'wrong') AS wrong,
    COUNTIF(outcome = 'push') AS push,
    COUNTIF(outcome = 'passed') AS passed,
    COUNTIF(outcome = 'not_a_bet') AS not_a_bet,
    COUNTIF(outcome = 'voided') AS voided
  FROM graded_predictions
  GROUP BY game_date
) AS S ON S.game_date = L.game_date
LEFT JOIN (
  SELECT
    V.game_date,
    COUNTIF(V.outcome = 'waiting' AND K.game_date IS NULL) AS waiting,
    COUNTIF(V.box_score_player IS NULL) AS without_box_score
  FROM grades AS V
  LEFT JOIN graded_predictions AS K
    ON K.game_date = V.game_date
    AND K.game_id = V.game_id
    AND K.player_lookup = V.player_lookup
    AND K.system_id = V.system_id
  GROUP BY V.game_date
) AS W ON W.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNTIF(is_new) AS inserted, COUNTIF(NOT is_new) AS updated
  FROM changed_grades
  GROUP BY game_date
) AS R ON R.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS removed
  FROM prediction_accuracy_removed
  WHERE game_date IN UNNEST(@game_dates) AND removed_by_grading_id = @grading_id AND removal = 'removed'
  GROUP BY game_date
) AS O ON O.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS total_rows
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS T ON T.game_date = L.game_date
