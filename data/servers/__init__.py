"""Sweeps that stay on a server: it answers one GROUP BY, and runs are fetched when they are looked at."""
