"""What ``wireloom verify`` found, in words and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.lock_compare import Comparison
from web.cli.report import Report, lines_of
from web.cli.terminal import FAILED, OK, say
from web.verifying.sameness import Sameness
from web.verifying.telling import CLOSE_DB, Verdict, reasons, without_picture


@dataclass(frozen=True)
class Verified:
    """``sameness`` is None if no picture came of it; ``comparison`` if the file has no lock. ``node`` saved it."""

    file: Path
    sameness: Sameness | None
    node: str | None
    report: Report
    comparison: Comparison | None

    @property
    def verdict(self) -> Verdict:
        """identical, close, different, or failed if it could not be made again."""
        return self.sameness.verdict if self.sameness else "failed"

    @property
    def status(self) -> int:
        return OK if self.verdict == "identical" else FAILED

    def as_json(self) -> dict[str, Any]:
        psnr = self.sameness.psnr if self.sameness else None
        return {
            "file": str(self.file),
            "verdict": self.verdict,
            "psnr_db": None if psnr in (None, math.inf) else round(psnr, 2),
            "close_from_db": CLOSE_DB,
            "node": self.node,
            "text": self._what,
            "has_lock": self.comparison is not None,
            "reasons": self._reasons,
            "compared": [asdict(item) for item in self.comparison.items] if self.comparison else [],
            "errors": self.report.errors,
        }

    def show(self) -> None:
        say(f"{self.file}: {self.verdict}: {self._what}")
        for line in self._reasons:
            say(f"  {line}")

    @property
    def _what(self) -> str:
        if self.sameness:
            return self.sameness.text
        return without_picture(failed=bool(self.report.errors))

    @property
    def _reasons(self) -> list[str]:
        told = None if self.comparison is None else [each.text for each in self.comparison.reasons]
        return [*reasons(told, self.verdict), *lines_of(self.report.errors)]
