-- The newest staged rows that are equal, in created_at and prediction_id, to the version that stands.
CREATE TEMP TABLE equals AS
SELECT staging_table_number, staging_row, macro.BUSINESS_KEY()
FROM outcomes
WHERE outcome = 'equal'
