"""Statements run as one transaction, and staging tables listed, written and dropped. One contract, two engines.

What the statements say stands in `sql`; when they are run is decided in the domain.
"""
