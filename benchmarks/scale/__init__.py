"""How training grows with the rows: seconds, memory, and trials a minute."""
