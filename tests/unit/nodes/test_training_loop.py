"""The loop: the same numbers each time, also when it was stopped, or killed."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nodes.diffusion.training.loop import Draw, Group, Pace, Training, split
from nodes.diffusion.training.runs import on_cores, resume, run

PACE = Pace(steps=12, batch=6, rate=0.05, warmup=2, average=0.9)


class Line:
    """Learns y = 3 x - 1, from noisy points."""

    def __init__(self, width: int = 1) -> None:
        self.slope, self.shift = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.worst = float("inf")

    def groups(self) -> Sequence[Group]:
        return [Group([self.slope]), Group([self.shift], 2.0)]

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        x = draw.normal(count)
        y = 3 * x - 1 + 0.1 * draw.normal(count)
        return (self.slope[0] * x + self.shift[0] - y).square().mean() * (float("nan") if step >= self.worst else 1)


class Stopped(Exception):
    pass


def stop_at(step: int) -> object:
    def on_step(training: Training) -> None:
        if training.step == step:
            raise Stopped

    return on_step


def whole(tmp_path: Path, threads: int = 2) -> Training:
    training = Training(Line(), PACE, seed=5, threads=threads)
    assert run(training, tmp_path / "whole.pt", lambda at: None)
    return training


def same(one: Training, other: Training) -> bool:
    pairs = zip([*one.weights, *one.average.weights], [*other.weights, *other.average.weights], strict=True)
    return one.losses == pytest.approx(other.losses, abs=1e-7) and all(torch.equal(a, b) for a, b in pairs)


def test_it_learns(tmp_path: Path) -> None:
    training = Training(Line(), Pace(steps=300, batch=16, rate=0.05, warmup=5), threads=2)
    run(training, tmp_path / "state.pt", lambda at: None)
    assert [weight.item() for weight in training.weights] == pytest.approx([3, -1], abs=0.1)
    assert sum(training.losses[-20:]) < sum(training.losses[:20]) / 20


@pytest.mark.parametrize("step", [1, 5, 11])
def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path, step: int) -> None:
    file = tmp_path / "state.pt"
    with pytest.raises(Stopped):
        run(Training(Line(), PACE, seed=5, threads=2), file, stop_at(step))  # type: ignore[arg-type]
    again = Training(Line(), PACE, seed=5, threads=2)
    seen: list[int] = []
    run(again, file, lambda at: seen.append(at.step))
    assert seen == list(range(step + 1, 13))
    assert same(again, whole(tmp_path))


def test_a_killed_training_goes_on_from_what_was_stored_to_the_same_weights(tmp_path: Path) -> None:
    file, kept = tmp_path / "state.pt", tmp_path / "kept.pt"

    def keep(training: Training) -> None:
        if training.step == 7:
            shutil.copy(file, kept)  # as it lay there when the process was killed

    run(Training(Line(), PACE, seed=5, threads=2), file, keep, save_every_s=0)
    again = Training(Line(), PACE, seed=5, threads=2)
    run(again, kept, lambda at: None)
    assert same(again, whole(tmp_path))


SLOWLY = """
import sys, time
from pathlib import Path
from tests.unit.nodes.test_training_loop import PACE, Line, Training, run
run(Training(Line(), PACE, 5, 2), Path(sys.argv[1]), lambda at: time.sleep(0.2 if at.step > 3 else 0), save_every_s=0)
"""


@pytest.mark.slow
def test_a_training_that_a_signal_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    file = tmp_path / "state.pt"
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, str(file)])
    again = Training(Line(), PACE, seed=5, threads=2)
    while again.step < 4:
        time.sleep(0.05)
        assert process.poll() is None
        if file.exists():
            resume(again, file)
    process.kill()
    assert process.wait() != 0
    run(again, file, lambda at: None)
    assert again.step == 12
    assert same(again, whole(tmp_path))


def test_a_training_at_its_end_takes_no_step(tmp_path: Path) -> None:
    first = whole(tmp_path)
    again = Training(Line(), PACE, seed=5, threads=2)
    assert not run(again, tmp_path / "whole.pt", stop_at(0))  # type: ignore[arg-type]
    assert same(again, first)


def test_the_seed_decides(tmp_path: Path) -> None:
    one, same_seed, other = (Training(Line(), PACE, seed, threads=1) for seed in (1, 1, 2))
    for training in (one, same_seed, other):
        for _ in range(3):
            training.advance()
    assert same(one, same_seed)
    assert not same(one, other)


def test_what_cannot_go_on_is_told_with_its_file(tmp_path: Path) -> None:
    whole(tmp_path)
    for task, pace, why in (
        (Line(width=2), PACE, r"weights of \(1,\), not \(2,\)"),
        (Line(), Pace(steps=3, batch=6), "gone 12 steps already"),
    ):
        with pytest.raises(ValueError, match=r"whole\.pt") as error:
            run(Training(task, pace), tmp_path / "whole.pt", lambda at: None)
        assert error.match(why)
        assert error.match("another name")
    for content in (b"", b"nothing", (tmp_path / "whole.pt").read_bytes()[:500]):
        (tmp_path / "broken.pt").write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot go on with the training in .*broken\.pt"):
            run(Training(Line(), PACE), tmp_path / "broken.pt", lambda at: None)


def test_a_loss_that_is_no_number_stops_it_and_what_was_learned_stays(tmp_path: Path) -> None:
    task = Line()
    task.worst = 4
    training = Training(task, PACE, seed=5)
    with pytest.raises(FloatingPointError, match="loss of step 5 is nan: try a lower learning rate"):
        run(training, tmp_path / "state.pt", lambda at: None)
    again = Training(Line(), PACE, seed=5)
    run(again, tmp_path / "state.pt", lambda at: None)
    assert same(again, whole(tmp_path, threads=1))


def test_the_rate_rises_stays_and_falls() -> None:
    pace = Pace(steps=1000, rate=1.0, warmup=10, decay_from=0.3, floor=0.02)
    assert pace.rate_at(0) == pytest.approx(0.1)
    assert pace.rate_at(100) == 1
    assert pace.rate_at(650) == pytest.approx(0.51)
    assert pace.rate_at(1000) == pytest.approx(0.02)


def test_batches_are_split_evenly() -> None:
    assert split(7, 3) == [3, 2, 2]
    assert split(2, 4) == [1, 1]


def test_threads_that_begin_later_compute_on_as_many_cores_as_before() -> None:
    before = torch.get_num_threads()
    with on_cores(1):
        training = Training(Line(), PACE, threads=2)
        training.advance()
        training.close()
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert found == [before]
