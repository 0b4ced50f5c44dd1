"""What Prefect costs: the training flow on a running server against the same functions called bare."""
