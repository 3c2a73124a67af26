"""The questions: pure functions from runs to frozen results."""
