"""The instances of a variant: `fleet` starts, pings, replaces and stops them, and gives out `slots` on them.

`runtimes` opens the runtime that runs them, `container` sends one request to one of them, and `platform_log` writes the
platform's log lines beside the container's log.
"""
