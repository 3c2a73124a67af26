"""Tests whose unit is the configuration: models, families of q values, verdicts."""
