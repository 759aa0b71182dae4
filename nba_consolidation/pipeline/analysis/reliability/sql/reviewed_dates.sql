-- The dates for which players were reviewed.
SELECT DISTINCT game_date
FROM policy_reviews
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date
