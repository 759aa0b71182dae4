-- Activates or deactivates unchanged rows.
UPDATE player_prop_predictions AS T
SET is_active = N.is_active, superseded_by = N.superseded_by
FROM current_versions AS N
WHERE N.outcome = 'unchanged'
  AND macro.SAME_KEY(T, N)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND (T.is_active IS DISTINCT FROM N.is_active OR T.superseded_by IS DISTINCT FROM N.superseded_by)
