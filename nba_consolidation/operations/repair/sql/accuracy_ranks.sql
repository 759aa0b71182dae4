-- Of each key, which row stays: graded before ungraded, a bet before none, the newest, the largest confidence, one that no
-- fenced transaction wrote. Rows of tier 1 are equal in all of that, and `peers` counts them; settle_ranks decides.
-- change_reason: why the row changes if it stays; NULL if it does not.
CREATE TEMP TABLE repair_ranks AS
SELECT
  version_id,
  ROW_NUMBER() OVER best_first AS version_rank,
  RANK() OVER best_first AS tier,
  COUNT(*) OVER best_first AS peers,
  IF(rescaled, 'confidence_scale', NULL) AS change_reason
FROM (
  SELECT
    V.version_id,
    macro.ACCURACY_KEY(V),
    V.actual_points IS NOT NULL AS is_graded,
    COALESCE(V.recommendation IN ('OVER', 'UNDER'), FALSE) AS is_bet,
    V.graded_at,
    V.confidence_score,
    V.grading_id IS NULL AS is_unfenced,
    COALESCE(
      B.is_percent
      AND V.grading_id IS NULL
      AND V.confidence_score <> 0
      AND macro.FITS_SCALE(V.confidence_score, TRUE, B.is_declared),
      FALSE
    ) AS rescaled
  FROM repair_versions AS V
  LEFT JOIN repair_before AS B ON B.game_date = V.game_date AND B.system_id = V.system_id
)
WINDOW best_first AS (
  PARTITION BY macro.ACCURACY_KEY()
  ORDER BY is_graded DESC, is_bet DESC, graded_at DESC, confidence_score DESC, is_unfenced DESC
)
