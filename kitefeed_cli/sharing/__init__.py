"""One feed on many machines, through Redis Streams; docs/many-machines.md has the whole picture.

* `keys`: the names of everything in Redis. `entries`: what one entry of a stream says. Both are pure.
* `server`: where the Redis is, how it is reached, and what its errors mean.
* `publisher`: an output on the bus that writes what came: `backlog` (what waits), `writer` and `guarded` (how it is
  written once and behind the fence), `known` (the boards), `outage` (what is said). `lease`: who may, one at a time;
  `keeper` renews it, `candidate` waits for it, `succession` knows what nobody received in between.
* `follower`: reads all of it on another machine. `reading` is where it is, `order` knows what is missing, `redis_time`
  how old it is, `hearing` how the feed is. `wants`: what its clients ask for besides.
* `group`: several readers that share the work and lose nothing.

What is sent are Kite's own packets, as they came. The access token never is. Only `server` imports `redis`, late.
"""
