"""The report: what it gathers, what it says needs a person, the page, and the browser that opens it."""
