"""`read`: one reader of a consumer group, from Redis to lines or to a program."""
