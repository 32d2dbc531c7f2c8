"""The subject of preflight: the files of a folder or of a .tar.gz by name, listed and read without unpacking."""

from harness.preflight.subject.archive import Archive
from harness.preflight.subject.entry import Entry
from harness.preflight.subject.folder import Folder
from harness.preflight.subject.opening import open_subject
from harness.preflight.subject.subject import Subject, Unreadable

__all__ = ["Archive", "Entry", "Folder", "Subject", "Unreadable", "open_subject"]
