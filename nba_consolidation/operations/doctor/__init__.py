"""Health checks of a deployment: settings, installed versions, disk, stores and their permissions."""
