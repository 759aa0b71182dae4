"""What consumers read: validated predictions with their calibrated confidence and the filters in force."""
