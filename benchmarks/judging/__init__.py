"""How long judging and reporting take."""
