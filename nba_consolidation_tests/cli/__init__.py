"""The terminal: what a person or a script gets from each command. How the domain does its work is tested elsewhere."""
