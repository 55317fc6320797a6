"""Networks larger than their device: weights that come block by block. Here the device is a place that counts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nodes.diffusion.offload import blocks, visiting
from tests.support.unets import given, random_unet


class Place:
    """Takes copies of tensors, and knows how many bytes of them are alive."""

    def __init__(self) -> None:
        self.taken: list[Tensor] = []
        self.most = 0

    def __call__(self, tensor: Tensor) -> Tensor:
        copied = tensor.clone()
        self.taken.append(copied)
        return copied


def size(module: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def test_the_blocks_of_a_unet_are_all_of_its_weights_once() -> None:
    unet = random_unet()
    parts = list(blocks(unet))
    assert sum(size(block) for block in parts) == size(unet)
    assert max(size(block) for block in parts) < size(unet) / 2


def test_one_block_at_a_time_is_there_and_the_output_is_the_same_to_the_bit() -> None:
    plain, unet, place = random_unet(), random_unet(), Place()
    there: list[int] = []
    home = {tensor.data_ptr() for tensor in unet.state_dict().values()}

    def look(*_: object) -> None:
        away = [tensor for tensor in unet.state_dict().values() if tensor.data_ptr() not in home]
        there.append(sum(tensor.nbytes for tensor in away))

    visiting(unet, place)
    for block in blocks(unet):
        block.register_forward_pre_hook(look)
    assert torch.equal(unet(given()), plain(given()))
    assert max(there) == max(size(block) for block in blocks(plain))
    assert {tensor.data_ptr() for tensor in unet.state_dict().values()} == home
    assert sum(tensor.nbytes for tensor in place.taken) == size(plain)


def test_weights_go_home_also_where_a_block_fails() -> None:
    class Breaks(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            raise MemoryError

    network = nn.Sequential(nn.Linear(2, 2), Breaks(2, 2))
    home = {tensor.data_ptr() for tensor in network.state_dict().values()}
    visiting(network, torch.clone)
    with pytest.raises(MemoryError):
        network(torch.zeros(1, 2))
    assert {tensor.data_ptr() for tensor in network.state_dict().values()} == home
