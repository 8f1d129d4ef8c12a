"""Questions generated from a grammar of intents over a database's schema graph."""
