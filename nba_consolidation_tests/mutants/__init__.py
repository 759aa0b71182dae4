"""Small faults of the product, each with a test that must notice it: `make mutants`."""
