"""`harness doctor`: checks of what a rehearsal needs of this machine.

finding     the result of a check, with the next step
machine     checks of Python, uv, a stack's programs, disk, ports, credentials, environment
docker      checks of engine, compose, image, GPU, leftovers
diagnosis   all checks in order, and the removal of leftovers
"""
