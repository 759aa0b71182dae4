-- Dates of which prediction_accuracy_removed has fewer rows than the ledger says that the run removed or changed:
-- somebody cleared it, and what it was cannot be put back. There must be none.
SELECT game_date, kept, promised
FROM restore_plan
WHERE kept < promised
ORDER BY game_date
