"""Whether a model treats groups of rows alike: measures by group with intervals, gaps, and proxies of the groups.

:mod:`tidemill.fairness.judging` does it, and gives a :class:`~tidemill.fairness.records.Fairness`.
"""
