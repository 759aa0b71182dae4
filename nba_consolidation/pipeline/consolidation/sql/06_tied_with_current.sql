-- The newest staged rows that tie with the current version: equal in created_at and prediction_id.
CREATE TEMP TABLE tied_with_current AS
SELECT staging_table_number, staging_row, macro.BUSINESS_KEY()
FROM outcomes
WHERE outcome = 'tied'
