"""Which players a bet is worse on than on others, whose points scatter, who is predicted too low: season to date.

Only games strictly before a date count for it. What is noise is said to be noise. What a bet came to is decided by the
grading; what consumers may bet on, by the validation.
"""
