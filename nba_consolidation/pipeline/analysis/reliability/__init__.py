"""Player reliability, season to date: lost bets, varying points and biased predictions, by player.

Only games strictly before a date count for it, and results that chance explains are no findings. Grading decides
the outcome of a bet; publication decides which bets are stopped.
"""
