"""`kitefeed relay`: the relay, page and `/state` of `run --serve`, for a feed that another machine publishes."""
