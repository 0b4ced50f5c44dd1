"""Tests of Tidemill."""
