"""`harness replay` runs a kept request again on this machine.

replay      the flow: recorded bundle, local AWS, the request, both outcomes side by side
endpoint    the endpoint that serves the request
asking      the request, and what the log says of it
comparing   the recorded run against this one
rendering   the comparison as text
"""
