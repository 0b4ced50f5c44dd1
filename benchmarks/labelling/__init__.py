"""How right labelling functions' labels are, by vote and by label model, and how long they take."""
