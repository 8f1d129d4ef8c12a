"""Statements by the hundred thousand against the sandbox, in a process that may do nothing but run them."""
