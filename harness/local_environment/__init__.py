"""The local environment: local cloud and emulator together, started for one run or kept by `harness up`.

local_aws    local cloud and emulator, started and stopped in order       local_run   one run's own
up, down     kept until told otherwise (`record` says where), and ended    exports     for anybody's AWS client
clients      the asynchronous client of one endpoint                       logs        what the containers wrote
"""
