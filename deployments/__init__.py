"""How the flows get run, scheduled and scaled. Names the flows; never copies one."""
