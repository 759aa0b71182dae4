"""Daily quality: the judgements alone, then the figures on a warehouse, then the terminal and Dagster."""
