"""The tests of the whole project; folders mirror the package."""
