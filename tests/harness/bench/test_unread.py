"""Variables that nothing names are told, and none is refused."""

from __future__ import annotations

from pathlib import Path

from deploy import config
from harness.bench import unread


def test_a_variable_that_nothing_names_is_a_warning_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "src" / "inner").mkdir(parents=True)
    (tmp_path / "src" / "inner" / "settings.py").write_text('os.environ["THREADS"]')
    (tmp_path / "src" / "noise.bin").write_bytes(b"THREADZ")
    path = tmp_path / "rehearsal.toml"
    path.write_text('[project]\nname = "d"\n[handler]\nsource = "src"\n[handler.environment]\nTOP_K = "1"\n')
    names = ("THREADS", "TOP_K", "THREADZ", "OMP_NUM_THREADS", "TS_DEFAULT_WORKERS_PER_MODEL")
    (finding,) = unread.findings(config.load(path), names)
    assert (finding.where, finding.severity) == ("THREADZ", "warning")
    assert "no file below src/ names this variable" in finding.message
