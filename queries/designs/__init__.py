"""What a design can tell apart, and which runs would tell more."""
