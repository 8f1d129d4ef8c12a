"""The processes that sessions are played in, and the server's side of them."""
