"""How fast the REST service answers."""
