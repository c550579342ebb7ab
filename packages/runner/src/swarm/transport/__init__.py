"""How messages of `swarm.control` travel: msgpack in bounded frames, over ZeroMQ with CURVE.

The rule: what comes from outside is bounded in size, depth and time before anything looks at it, and what is
wrong with it is counted, logged at a bounded rate, and dropped.
"""
