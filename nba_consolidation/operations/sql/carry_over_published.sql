-- What a previous version published in validated_predictions, as it was. It was published when it was validated.
INSERT INTO published_predictions (`macro.EACH_COLUMN`, published_at)
SELECT macro.EACH_COLUMN(), validated_at
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
