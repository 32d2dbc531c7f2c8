"""Running a kept request again: the endpoint it needs, the request itself, and the comparison with what was recorded.

kept folder -> standing (local endpoint with the recorded bundle and settings) -> asking -> comparing -> writing
"""
