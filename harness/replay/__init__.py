"""`harness replay`: a kept request, run again on this machine.

replay      the flow: recorded bundle, local AWS, the request, both outcomes side by side
endpoint    the endpoint that it is sent to              asking      the request, and what the log says of it
comparing   the recorded run against this one            rendering   how that reads
"""
