"""The daily report: one HTML page about one or several game dates, headed by the actions that people have to take."""
