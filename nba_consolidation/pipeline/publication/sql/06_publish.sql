INSERT INTO published_predictions (each_column, published_at, lease_token, run_id)
SELECT P.each_column, @now, L.token, @run_id
FROM publishable AS P
JOIN outdated_publications AS O ON O.game_date = P.game_date
JOIN leases AS L ON L.game_date = P.game_date
