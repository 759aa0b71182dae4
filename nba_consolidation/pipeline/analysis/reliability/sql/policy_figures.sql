-- The results of each policy out of sample, for some dates.
SELECT * EXCEPT (lease_token)
FROM policy_reviews
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date, acting DESC, policy
