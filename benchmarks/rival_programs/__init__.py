"""What runs in the rivals' own virtual environment: servers and loads, each on the same episode core."""
