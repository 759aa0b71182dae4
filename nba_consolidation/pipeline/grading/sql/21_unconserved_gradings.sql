-- Dates where some active prediction is neither graded nor waiting, or is both. There must be none.
SELECT game_date, active, correct, wrong, push, passed, not_a_bet, voided, waiting
FROM grading_counts
WHERE active <> correct + wrong + push + passed + not_a_bet + voided + waiting
ORDER BY game_date
