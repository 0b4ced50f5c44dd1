"""Tests of the data stages."""
