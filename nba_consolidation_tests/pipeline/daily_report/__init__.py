"""The daily report: its contents, the required actions, the charts, the page, and the page in a browser."""
