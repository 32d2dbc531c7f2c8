"""`harness doctor`: what a rehearsal needs of this machine, check by check.

finding     what a check found, and what would help
machine     Python, uv, Java, disk, ports, credentials, environment
docker      engine, compose, image, GPU, leftovers
diagnosis   all of them in order, and the removal of what earlier runs left
"""
