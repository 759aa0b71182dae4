"""Concurrency, proved: real processes stage and consolidate while a storm kills and stops them and drops replies.

`plan` says what is to happen, `storm` lets it happen to the processes that the `nursery` forks (`stager`,
`consolidating`), and `verdict` says from their journals and the warehouse whether anything is doubled, lost or stale.
"""
