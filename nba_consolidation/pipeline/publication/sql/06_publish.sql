INSERT INTO published_predictions (`macro.EACH_COLUMN`, published_at, lease_token, run_id)
SELECT macro.EACH_COLUMN(P), @now, L.token, @run_id
FROM publishable AS P
JOIN dates_to_publish AS O ON O.game_date = P.game_date
JOIN leases AS L ON L.game_date = P.game_date
