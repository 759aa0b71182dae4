"""Leases in Firestore, for processes on any machine."""
