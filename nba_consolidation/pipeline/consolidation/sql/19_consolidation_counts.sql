SELECT *
FROM counts
ORDER BY game_date
