-- Whether the median of the confidences of a group is above 1, of two middle ones the lower. 0 is on both scales.
CREATE TEMP FUNCTION MOSTLY_PERCENT(above_one INT64, above_zero INT64) AS (
  2 * above_one > above_zero
)
