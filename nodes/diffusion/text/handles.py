"""The text encoders of a ``Clip`` by name: "l", "g" or "h", as adapters, merges and files tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.text.clip import Clip, ClipText


def towers(clip: Clip) -> Mapping[str, Lazy[ClipText]]:
    """Its networks."""
    return clip.towers


def with_towers(clip: Clip, networks: Mapping[str, Lazy[ClipText]]) -> Clip:
    """The same text encoder with other networks in their places."""
    return clip if networks == clip.towers else replace(clip, towers=dict(networks))
