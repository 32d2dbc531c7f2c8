"""Application Auto Scaling for endpoint variants.

    api           the operations: targets, policies and activities as rows (`records`), answered as `documents`
    scaler        `tick` evaluates all policies, changes capacities through the control plane, records the activities
    alarming      whether an alarm is in ALARM, by the emulator's own data or the local cloud's state
    decisions     from a policy, the capacity and the data to a desired capacity: pure functions
    tracking      the two alarms of a target tracking policy
    cloud_alarms  reads and writes the local cloud's alarms

Times are AWS seconds, which the emulator's time scale shortens.
"""
