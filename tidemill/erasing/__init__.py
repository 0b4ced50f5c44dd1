"""Erasure: a person's rows found in the lake, taken out, refused from then on, and proved to be gone.

:mod:`~tidemill.erasing.tombstones` says whom collecting has to refuse, and imports nothing that stands above it.
"""
