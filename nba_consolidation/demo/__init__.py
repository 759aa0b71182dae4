"""The demo: an invented season staged by real processes, and what must come out of it. No product code needs it."""
