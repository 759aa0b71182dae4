"""The declared tables, and how values and tables are shown to people."""
