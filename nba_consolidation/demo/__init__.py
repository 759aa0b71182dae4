"""The demo: an invented season staged by real processes, and its expected result. No product code needs it."""
