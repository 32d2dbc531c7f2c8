"""What every part of one emulator shares: its settings, its clock, and its catalog."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.core.files import private_folder
from harness.emulator.context.arns import Account
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.timestamps import Now
from harness.emulator.store.catalog import Catalog
from harness.emulator.store.store import Store


@dataclass(frozen=True)
class EmulatorContext:
    settings: EmulatorSettings
    now: Now
    store: Store
    catalog: Catalog

    @property
    def account(self) -> Account:
        return self.settings.account


def open_context(settings: EmulatorSettings, now: Now) -> EmulatorContext:
    """Create the folders of the state and open its database."""
    for folder in (settings.state_dir, settings.work_root, settings.logs_dir):
        private_folder(folder)
    store = Store(settings.state_dir / "emulator.sqlite")
    return EmulatorContext(settings, now, store, Catalog(store))
