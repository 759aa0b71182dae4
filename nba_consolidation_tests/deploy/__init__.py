"""What stands in deploy/, held against the libraries that will read it. Nothing here needs a cluster or an account."""
