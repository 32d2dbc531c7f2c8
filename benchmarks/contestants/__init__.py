"""What is measured: the handler (`handler_side`) and the plain `reference` (`reference_side`), each held by a `worker`.

`contestants` names what can be measured of them; `weights` are random and behave like trained ones; `skips` says which
way the handler's sampled frames came. Nothing here imports the harness: a serving image runs these modules too.
"""
