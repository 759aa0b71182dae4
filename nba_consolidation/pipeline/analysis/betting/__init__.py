"""What flat bets would have come to, by strategy: counted in SQL by bet, resampled by game date, chosen walk-forward.

What a bet came to is decided by the grading, whom not to bet on by the review of players. What is noise is said to be.
"""
