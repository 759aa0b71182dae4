-- Active predictions by game date and system.
SELECT game_date, system_id, COUNT(*) AS active_rows
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates) AND is_active
GROUP BY game_date, system_id
ORDER BY game_date, system_id
