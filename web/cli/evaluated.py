"""The result of ``wireloom evaluate``: as tables, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from nodes.diffusion.evaluation.exam import Exam
    from nodes.diffusion.evaluation.judging import Score, Verdict

LABELS = {
    "background": "background",
    "named_background": "  named ones only",
    "concept": "concept",
    "unseen_pair": "unseen pair",
    "unseen_background": "  its background",
    "unseen_concept": "  its concept",
}
MOST_CONFUSIONS = 12
"""In the table; JSON has all."""


@dataclass(frozen=True)
class Evaluated:
    """An exam that was taken: it took ``seconds``, and a step for one picture takes ``seconds_a_step``."""

    exam: Exam
    path: Path
    verdicts: Sequence[Verdict]
    seconds: float
    seconds_a_step: float

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        manner, asked, known = self.exam.painter.manner, self._asked(), len(self.exam.known)
        return (
            f"{self.path.name}: {len(self.verdicts)} pictures of {asked if asked == known else f'{asked} of {known}'} "
            f"concepts, {manner.side}x{manner.side}, {manner.sampler}, {manner.scheduler}, {manner.steps} steps, "
            f"cfg {manner.cfg:g}"
        )

    def _asked(self) -> int:
        return len({case.concept.subject for case in self.exam.cases})

    def scores(self) -> dict[str, dict[str, Score]]:
        """By measure, and by style; ``all`` is over the styles together."""
        from nodes.diffusion.evaluation.judging import MEASURES

        styles = dict.fromkeys(verdict.case.style for verdict in self.verdicts)
        parts = {style: [each for each in self.verdicts if each.case.style == style] for style in styles}
        parts["all"] = list(self.verdicts)
        return {each.name: {part: each.score(verdicts) for part, verdicts in parts.items()} for each in MEASURES}

    def confusions(self) -> list[tuple[str, str, str, int]]:
        from nodes.diffusion.evaluation.judging import confusions

        return confusions(self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Everything, with each picture that was not what was asked for."""
        return {
            "checkpoint": str(self.path),
            "concepts": self._asked(),
            "known_concepts": len(self.exam.known),
            "hold_out": self.exam.hold_out,
            "hold_out_assumed": self.exam.assumed,
            "pictures": len(self.verdicts),
            "sampling": asdict(self.exam.painter.manner),
            "device": str(self.exam.painter.model.device),
            "scores": {
                name: {part: {**score._asdict(), "share": score.share} for part, score in parts.items()}
                for name, parts in self.scores().items()
            },
            "confusions": [
                dict(zip(("style", "concept", "seen_as", "count"), each, strict=True)) for each in self.confusions()
            ],
            "wrong": [told(each) for each in self.verdicts if not (each.right_concept and each.right_background)],
            "ms_per_step": round(self.seconds_a_step * 1000, 2),
            "seconds": round(self.seconds, 1),
        }

    def show(self, console: Console) -> None:
        """Tables for people."""
        console.print(Text(self.title))
        scores = self.scores()
        table = Table(box=None, pad_edge=False)
        table.add_column("right")
        for part in scores["background"]:
            table.add_column(part, justify="right")
        for name, parts in scores.items():
            if parts["all"].of:
                table.add_row(LABELS[name], *map(shown, parts.values()))
        console.print(table)
        console.print(Text(self._unseen()))
        if found := self.confusions():
            named = [f"{style} {name} as {other}" + f" ({n})" * (n > 1) for style, name, other, n in found]
            more = f" and {len(named) - MOST_CONFUSIONS} more" if len(named) > MOST_CONFUSIONS else ""
            console.print(Text("Seen as another concept: " + ", ".join(named[:MOST_CONFUSIONS]) + more + "."))
        device, least_ms = self.exam.painter.model.device, self.seconds_a_step * 1000
        console.print(
            Text(f"A step for one picture takes at least {least_ms:.1f} ms on {device}; all took {self.seconds:.0f} s.")
        )

    def _unseen(self) -> str:
        if not any(verdict.case.kind == "unseen" for verdict in self.verdicts):
            return "No unseen pairs: of these concepts none was held out from training on any background."
        who = "assumed, the checkpoint does not say" if self.exam.assumed else "of all"
        return f"Unseen pairs: of a concept and a colour, held out from training ({self.exam.hold_out:.0%}, {who})."


def shown(score: Score) -> str:
    """``95.8 % (92 of 96)``."""
    return "-" if score.share is None else f"{score.share:.1%} ({score.right} of {score.of})".replace("%", " %")


def told(verdict: Verdict) -> dict[str, Any]:
    """One picture: how to have it again, and what was seen."""
    case = verdict.case
    return {
        "prompt": case.prompt,
        "seed": case.seed,
        "unseen": case.kind == "unseen",
        "concept": case.concept.name,
        "background": case.background.names[0],
        "seen_concept": verdict.concept.name,
        "seen_background": verdict.background.names[0],
    }
