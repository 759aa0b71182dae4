-- Audit: dates with an active prediction that is neither graded nor waiting, or both.
SELECT game_date, active, correct, wrong, push, passed, not_a_bet, voided, waiting
FROM grading_counts
WHERE active <> correct + wrong + push + passed + not_a_bet + voided + waiting
ORDER BY game_date
