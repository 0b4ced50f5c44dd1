"""Prefect tasks, one stage a file: take references, call the domain, give a reference back."""
