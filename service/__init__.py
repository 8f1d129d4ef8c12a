"""The environment itself: episodes on SQL tasks, their sandbox, their task bank, and the server that offers them."""
