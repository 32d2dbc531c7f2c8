"""Where the conformance table is tried: on the emulator (`lab`, `scripted`) and, when asked, on AWS (`aws`)."""
