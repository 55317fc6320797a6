"""The workflows that come along: package data beside ``web``."""

from __future__ import annotations

from pathlib import Path

WORKFLOWS = Path(__file__).resolve().parents[1] / "workflows"
GALLERY = WORKFLOWS / "gallery"
"""``index.json`` as the front end's gallery reads it, and a picture for each workflow."""
BLUEPRINTS = WORKFLOWS / "blueprints"
"""Subgraphs to build with, each the only one that its workflow defines."""
