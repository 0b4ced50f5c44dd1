"""Coverage and width of predicted intervals on rows that no model saw."""
