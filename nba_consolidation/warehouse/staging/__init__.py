"""Staging areas: where workers write their tables, and where a consolidation lists, reads and drops them."""
