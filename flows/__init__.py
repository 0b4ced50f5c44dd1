"""Prefect flows, one a file: wiring only."""
