"""61 ordinary expectations on 1,000,000 rows x 21 columns: ours, Great Expectations' own, and bare pandas."""
