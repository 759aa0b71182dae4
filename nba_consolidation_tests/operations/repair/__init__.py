"""The repair of what an unfenced grader left, and the way back."""
