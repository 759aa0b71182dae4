-- The players of some dates, of one status or name, or of all; flagged players first.
SELECT * EXCEPT (lease_token)
FROM player_reliability
WHERE game_date BETWEEN @first_date AND @last_date
  AND (@status IS NULL OR status = @status)
  AND (@player IS NULL OR player_lookup = macro.PLAYER_KEY(@player))
ORDER BY
  game_date,
  CASE status WHEN 'blacklisted' THEN 1 WHEN 'watch' THEN 2 WHEN 'reliable' THEN 3 WHEN 'normal' THEN 4 ELSE 5 END,
  COALESCE(worse_q, 2),
  COALESCE(worse_p, 2),
  player_lookup
