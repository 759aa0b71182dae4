"""The results of flat bets by various strategies: counted per bet in SQL, resampled by game date, walk-forward.

The outcome of a bet is decided by grading, and which players are flagged by the player review.
"""
