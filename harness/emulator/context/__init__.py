"""What every part of the emulator is given: settings, account and names, timestamps, the cloud around it, the state
lock.
"""
