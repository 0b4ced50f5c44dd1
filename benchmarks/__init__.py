"""Every speed, quality and scale claim of the README, runnable."""
