"""The local environment: the local cloud and the emulator together, for one run or for `harness up`.

local_aws   starts and stops the local cloud and the emulator, in order
local_run   the local AWS of one run
clients     a client of one endpoint in it
keeper      keeps a local environment until it is told to end, and starts the emulator again if it dies
up          starts a keeper in the background
down        ends it
program     runs a program of the user's against it
record      the record of the local environment that runs
exports     variables and a config file for any AWS client
logs        the log lines of the containers and the platform
"""
