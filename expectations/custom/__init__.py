"""Expectations that Great Expectations does not have: ordinary classes of it, imported only while a suite runs."""
