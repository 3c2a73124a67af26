"""Sweeps that ship with the package."""
