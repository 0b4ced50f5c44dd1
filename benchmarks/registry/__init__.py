"""Promotions at the same moment, and how long taking one back takes."""
