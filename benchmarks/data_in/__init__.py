"""What reading, cleaning and storing a large CSV costs, beside the same done bare."""
