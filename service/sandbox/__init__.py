"""One guarded path to SQLite: every statement that an agent writes runs through `Database.execute`.

`limits` says how much a statement may cost, `guard` decides what it may do and when it must stop,
`failures` says in words why it did not run, `images` and `pool` hold the databases.
"""
