-- The scale of each group of confidences (system, game date, batch): the one that is declared for the system, else the one
-- of the median. A group whose median is above 1 is in percent (incident 37); the largest value decides nothing, since one
-- stray 1.0001 among nine of 0.62 would make all of them percent. 0 is on both scales.
CREATE TEMP TABLE confidence_scales AS
SELECT
  game_date,
  system_id,
  COALESCE(batch_id, '') AS batch,
  CASE
    WHEN system_id IN UNNEST(@percent_systems) THEN TRUE
    WHEN system_id IN UNNEST(@fraction_systems) THEN FALSE
    ELSE macro.MOSTLY_PERCENT(COUNTIF(confidence_score > 1), COUNTIF(confidence_score > 0))
  END AS is_percent,
  COALESCE(system_id IN UNNEST(@percent_systems) OR system_id IN UNNEST(@fraction_systems), FALSE) AS is_declared
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, system_id, batch_id
