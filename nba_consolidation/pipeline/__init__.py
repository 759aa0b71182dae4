"""The data flow, one folder per step: consolidation, validation, grading, analysis, publication, daily report."""
