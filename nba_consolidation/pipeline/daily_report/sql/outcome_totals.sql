-- By game date, how many predictions have each outcome, as counted by the grading that committed last.
SELECT game_date, active, correct, wrong, push, passed, not_a_bet, voided, waiting, recorded_at AS last_graded_at
FROM grading_ledger
WHERE game_date BETWEEN @first_date AND @last_date AND kind = 'grading'
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY lease_token DESC, recorded_at DESC) = 1
ORDER BY game_date
