-- The distinct rows of the files.
CREATE TEMP TABLE delivered_box_scores AS
SELECT DISTINCT macro.EACH_COLUMN()
FROM delivered
