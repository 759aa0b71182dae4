"""Player reliability, season to date: lost bets, varying points and biased predictions, by player.

Only games strictly before a date count for it, and what chance explains is not reported as a finding. Grading decides
the outcome of a bet; publication decides which bets are stopped.
"""
