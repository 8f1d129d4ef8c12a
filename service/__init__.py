"""The environment: episodes on SQL tasks, their sandbox, their task bank, and their server."""
