"""Label noise: how many of planted wrong labels are found."""
