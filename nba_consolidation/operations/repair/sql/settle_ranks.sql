-- Among peers the one with the largest content stays, so that the order in which rows lie does not matter. Byte-identical
-- copies (incident 38) are alike whichever stays.
UPDATE accuracy_ranks AS R
SET version_rank = W.version_rank
FROM (
  SELECT
    P.version_id,
    ROW_NUMBER() OVER (
      PARTITION BY macro.ACCURACY_KEY(V)
      ORDER BY macro.ROW_AS_JSON(V) DESC, P.version_id
    ) AS version_rank
  FROM accuracy_ranks AS P
  JOIN accuracy_versions AS V ON V.version_id = P.version_id
  WHERE P.tier = 1 AND P.peers > 1
) AS W
WHERE R.version_id = W.version_id
