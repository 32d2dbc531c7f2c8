"""From an accepted invocation to its outcome.

`jobs` is the queue. `engine` assigns a job to a slot, `worker` produces its outcome (`outcomes`), and `delivery` stores
the object and publishes the message that `notifications` writes. `timings` records the time of each phase. No module
here has a thread, serves HTTP or sleeps.
"""
