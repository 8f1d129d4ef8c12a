"""sqldojo: the environment in which language models learn to work with SQL by running it."""
