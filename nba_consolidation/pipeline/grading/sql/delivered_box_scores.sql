-- The rows of the files, each once, however often it stands in them.
CREATE TEMP TABLE delivered_box_scores AS
SELECT DISTINCT macro.EACH_COLUMN()
FROM delivered
