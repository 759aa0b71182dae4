"""The asset checks: what each looks for, and how it is evaluated.

`run_checks` lists all of them. A check has one name: a run executes it over its dates, and somebody alone over all
history, or over the last date if it judges single dates.
"""
