"""The lease store of the production deployment."""
