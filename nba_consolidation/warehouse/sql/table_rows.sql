-- Rows of a table, in the order of its primary key; of each of the Statement's columns only those with one value.
SELECT * EXCEPT (lease_token)
FROM macro.TABLE AS T
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND macro.EQUAL_TO_PARAMETERS(T)
ORDER BY macro.PRIMARY_KEY(T)
