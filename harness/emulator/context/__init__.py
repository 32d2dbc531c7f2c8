"""What the other packages share: settings, clock, account and store as one value (`emulator_context`).

`arns` writes ARNs, `timestamps` writes times as AWS does, `cloud` reaches S3 and SNS, and `state_lock` keeps a second
emulator out of the state folder.
"""
