"""The Docker engine and Docker Compose of this machine; it knows nothing of serving.

engine    the engine, through the only module that imports the SDK
facts     the values that it answers with
compose   the command line of Compose
"""
