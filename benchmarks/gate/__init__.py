"""How often the gate promotes what is no better, and what truly is."""
