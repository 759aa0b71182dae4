SELECT * EXCEPT (total_rows), total_rows - inserted - updated AS unchanged, total_rows
FROM grading_counts
ORDER BY game_date
