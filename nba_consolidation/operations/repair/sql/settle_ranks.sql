-- Of peers, the one with the largest content stays, so that the stored order does not matter. Of byte-identical copies
-- (incident 38) any one stays.
UPDATE repair_ranks AS R
SET version_rank = W.version_rank
FROM (
  SELECT
    P.version_id,
    ROW_NUMBER() OVER (
      PARTITION BY macro.ACCURACY_KEY(V)
      ORDER BY macro.ROW_AS_JSON(V) DESC, P.version_id
    ) AS version_rank
  FROM repair_ranks AS P
  JOIN repair_versions AS V ON V.version_id = P.version_id
  WHERE P.tier = 1 AND P.peers > 1
) AS W
WHERE R.version_id = W.version_id
