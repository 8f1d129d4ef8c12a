"""Messages and connections that no proper client would send, sent to a real server.

The tests send some thousands of them, `python -m wirefuzz` as many as it is told.
"""
