"""Checks the files of deploy/ with the libraries that read them. Needs no cluster and no account."""
