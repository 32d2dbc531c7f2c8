"""SageMaker Runtime: `invoke_async` answers InvokeEndpointAsync with the 202, `invoke` answers InvokeEndpoint.

`invoke` forwards the container's own answer. The work on an accepted job belongs to `async_inference`.
"""
