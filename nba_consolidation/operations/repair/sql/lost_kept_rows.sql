-- Dates with fewer rows in the table of removed rows than the ledger counts as removed or changed by the run: somebody
-- deleted them, so they cannot be put back. There must be none.
SELECT game_date, kept, promised
FROM restore_plan
WHERE kept < promised
ORDER BY game_date
