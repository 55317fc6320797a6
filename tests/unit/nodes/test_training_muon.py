"""Muon: matrices move equally far in all directions, and learn what AdamW learns in fewer steps."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nodes.diffusion.training.diffusion import both
from nodes.diffusion.training.loop import Draw, Group, Pace, Training
from nodes.diffusion.training.muon import Muon, as_matrix, as_weight, large_matrices, orthogonal
from nodes.diffusion.training.runs import run


def matrix(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_all_singular_values_become_about_one_and_the_singular_vectors_stay(rows: int, columns: int) -> None:
    u, _, vh = torch.linalg.svd(matrix(rows, columns), full_matrices=False)
    spread = torch.linspace(1, 0.1, len(vh))
    found = u.mT @ orthogonal(u * spread @ vh) @ vh.mT
    assert torch.allclose(found, torch.diag(found.diagonal()), atol=1e-3)
    assert ((found.diagonal() > 0.6) & (found.diagonal() < 1.25)).all()


def test_many_matrices_at_once_are_as_each_by_itself_and_a_tall_one_as_its_transpose() -> None:
    many = matrix(3, 8, 20)
    assert torch.allclose(orthogonal(many)[1], orthogonal(many[1]), atol=1e-5)
    assert torch.allclose(orthogonal(many[0].mT), orthogonal(many[0]).mT, atol=1e-5)


def test_nothing_stays_nothing() -> None:
    assert orthogonal(torch.zeros(4, 6)).abs().max() == 0


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3, 3)])
def test_a_weight_comes_back_from_its_matrix(shape: tuple[int, ...]) -> None:
    weight = matrix(*shape)
    assert as_matrix(weight).shape == (6, 5 * weight[0, 0].numel())
    assert torch.equal(as_weight(as_matrix(weight), weight), weight)


def test_a_step_is_as_large_as_the_paper_says_whatever_the_gradient() -> None:
    for scale in (1e-6, 1.0, 1e6):
        weight = nn.Parameter(torch.zeros(48, 64))
        weight.grad = matrix(48, 64) * scale
        Muon([{"params": [weight]}], 0.01, weight_decay=0).step()
        assert weight.square().mean().sqrt().item() == pytest.approx(0.01 * 0.2, rel=0.2)  # Liu et al., equation 4


def test_weights_decay() -> None:
    weight = nn.Parameter(torch.ones(32, 32))
    weight.grad = torch.zeros(32, 32)
    Muon([{"params": [weight]}], 0.1, weight_decay=0.5).step()
    assert torch.allclose(weight, torch.full((32, 32), 0.95))


def test_it_is_for_large_layers_and_not_for_embeddings() -> None:
    network = nn.Sequential(
        nn.Embedding(100, 64), nn.Linear(64, 64), nn.Conv2d(4, 64, 3), nn.Conv2d(64, 4, 3), nn.GroupNorm(1, 64)
    )
    assert [tuple(each.shape) for each in large_matrices(network)] == [(64, 64), (64, 4, 3, 3)]
    groups = both(network, muon=True)
    weights = [id(weight) for group in groups for weight in group.weights]
    assert sorted(weights) == sorted(id(weight) for weight in network.parameters())
    assert [group.matrices for group in groups] == [False, True]
    assert not any(group.matrices for group in both(network, network))


class Mixing:
    """Learns a matrix from vectors whose directions differ thirtyfold in how loud they are."""

    def __init__(self, muon: bool) -> None:
        self.layer = nn.Linear(32, 32, bias=False)
        nn.init.zeros_(self.layer.weight)
        self.wanted, self.muon = matrix(32, 32) / 32**0.5, muon
        self.loud = torch.logspace(0, -1.5, 32)[:, None] * torch.linalg.qr(matrix(32, 32)).Q

    def groups(self) -> Sequence[Group]:
        return [Group([self.layer.weight], 1.0, self.muon)]

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        x = draw.normal(count, 32) @ self.loud
        return ((self.layer(x) - x @ self.wanted.mT) / 0.1).square().mean()

    def error(self) -> float:
        return (self.layer.weight - self.wanted).square().mean().item()


def test_it_learns_what_the_gradient_says_little_of_sooner() -> None:
    errors = []
    for muon in (True, False):
        task = Mixing(muon)
        training = Training(task, Pace(steps=200, batch=64, rate=0.05, warmup=1))
        for _ in range(200):
            training.advance()
        errors.append(task.error())
    assert errors[0] < 0.01 * task.wanted.square().mean()
    assert errors[0] < errors[1] / 4


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    pace = Pace(steps=8, batch=8, rate=0.02)
    straight, halted = (Training(Mixing(muon=True), pace) for _ in range(2))
    run(straight, tmp_path / "straight.pt", lambda at: None)

    def stop(at: Training) -> None:
        if at.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(halted, tmp_path / "halted.pt", stop)
    again = Training(Mixing(muon=True), pace)
    run(again, tmp_path / "halted.pt", lambda at: None)
    assert torch.equal(again.weights[0], straight.weights[0])


def test_a_training_by_another_optimizer_does_not_go_on(tmp_path: Path) -> None:
    def task(muon: bool) -> Training:
        both_kinds = Mixing(muon)
        shift = nn.Parameter(torch.zeros(32))
        both_kinds.groups = lambda: [Group([both_kinds.layer.weight], 1.0, muon), Group([shift])]  # type: ignore[method-assign]
        return Training(both_kinds, Pace(steps=2, batch=4))

    run(task(muon=False), tmp_path / "state.pt", lambda at: None)
    with pytest.raises(ValueError, match=r"state\.pt: the state is of another optimizer.*another name"):
        run(task(muon=True), tmp_path / "state.pt", lambda at: None)
