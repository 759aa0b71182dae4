"""The report of some game dates: what is gathered, what of it needs a person, and the page that shows it."""
