"""SageMaker Runtime: InvokeEndpointAsync answers the 202 (`invoke_async`), InvokeEndpoint the container's own answer
(`invoke`).
"""
