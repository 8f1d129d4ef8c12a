"""The game, pure and synchronous: actions, observations, rewards, grading, review and the episode.

Nothing in here knows gRPC, protobuf or a database driver; a database is reached through the
`Database` protocol of `execution`.
"""
