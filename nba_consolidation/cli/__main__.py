"""`python -m nba_consolidation.cli`, where the command itself is not on the path."""

from nba_consolidation.cli import main

if __name__ == "__main__":
    main()
