"""Application Auto Scaling for endpoint variants, and it acts.

    api         the operations: targets, policies and activities as rows (`records`)
    alarming    whether an alarm rings, from the emulator's own measurements or the local cloud's word
    decisions   from a policy, the capacity and the measurements to a wanted capacity: pure functions
    scaler      `tick`: asks all policies, moves the endpoints through the control plane, writes the activities

Times are AWS seconds, shortened by the emulator's time scale.
"""
