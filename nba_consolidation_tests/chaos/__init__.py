"""Chaos tests: real processes stage and consolidate while a storm kills and stops them and drops replies.

`plan` has the parameters of a storm, `storm` runs it with the processes that the `fork_server` forks (`stager`,
`consolidator`, `follower`), and `verdict` checks their journals and the warehouse for duplicate, lost and stale rows.
"""
