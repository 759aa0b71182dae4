"""Work beside the data flow: status, history, clean-up, backfill, bootstrap, repair, daily quality, alerts."""
