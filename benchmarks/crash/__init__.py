"""Incremental collecting that is killed again and again."""
