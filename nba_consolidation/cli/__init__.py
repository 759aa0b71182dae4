"""The terminal: the use cases of the domain as commands. Nothing is decided and nothing heavy loads here."""

from nba_consolidation.cli.app import main

__all__ = ["main"]
