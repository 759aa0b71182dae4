-- The decided bets by game date and bettor, in the order of players and lines. Each bet is packed into one whole number:
-- 4000 x (confidence in millionths + 1, or 0 for none) + 4 x (edge in tenths + 1, or 0) + 2 if flagged + 1 if won.
SELECT
  game_date,
  bettor,
  ARRAY_AGG(bet ORDER BY player_key, line_value, bet) AS bets
FROM (
  SELECT
    game_date,
    bettor,
    player_key,
    line_value,
    4000 * (COALESCE(confidence_micros, -1) + 1)
    + 4 * (COALESCE(LEAST(edge_tenths, 998), -1) + 1)
    + IF(flagged, 2, 0)
    + IF(won, 1, 0) AS bet
  FROM (
    SELECT system_id AS bettor, game_date, player_key, line_value, confidence_micros, edge_tenths, flagged, won, decided
    FROM votes
    UNION ALL
    SELECT @unanimous AS bettor, game_date, player_key, line_value, confidence_micros, edge_tenths, flagged, won, decided
    FROM sides
    WHERE voters >= 2 AND systems = voters
    UNION ALL
    SELECT @majority AS bettor, game_date, player_key, line_value, confidence_micros, edge_tenths, flagged, won, decided
    FROM sides
    WHERE voters >= 2 AND 2 * systems > voters
  )
  WHERE decided
)
GROUP BY game_date, bettor
ORDER BY game_date, bettor
