"""A CPU image with the official container's serving stack, for machines that cannot pull the official one.

`recipe.py` says what goes in, as three steps with a digest each; `build.py` makes the steps that are missing:
Debian packages (debootstrap, `docker import`) -> Python packages (`pip install` in a container, `docker commit`) ->
the `serve` entry and the settings. It is *compatible*, not official: its name and its labels say so, and the evidence
carries them on. `pinned.py` says which image runs and whether it is official, `ecr.py` pulls the official one.
`ci-engine.sh` installs and starts an engine on a bare Debian machine.
"""
