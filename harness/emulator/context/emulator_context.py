"""What every part of one emulator shares: its settings, its clock, its catalog, and how it stores things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy.core.files import private_folder
from harness.emulator.context.arns import Account
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.timestamps import Now
from harness.emulator.store.catalog import Catalog
from harness.emulator.store.disk import Disk
from harness.emulator.store.patience import Patience
from harness.emulator.store.store import Store


@dataclass(frozen=True)
class EmulatorContext:
    settings: EmulatorSettings
    now: Now
    store: Store
    catalog: Catalog
    disk: Disk
    patience: Patience

    @property
    def account(self) -> Account:
        return self.settings.account


def never_rests(seconds: float) -> bool:  # noqa: ARG001 - the signature of a rest
    """The rest of an emulator that stops at the first trouble."""
    return False


def open_context(
    settings: EmulatorSettings, now: Now, disk: Disk | None = None, rest: Callable[[float], bool] = never_rests
) -> EmulatorContext:
    """Create the folders of the state and open its database. `rest` is that of `Patience`."""
    disk = disk or Disk()
    for folder in (settings.state_dir, settings.work_root, settings.logs_dir):
        private_folder(folder)
    store = Store(settings.state_dir / "emulator.sqlite", disk)
    return EmulatorContext(settings, now, store, Catalog(store), disk, Patience(rest))
