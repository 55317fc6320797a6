"""Variants of classifier-free guidance, each a function that a model's ``Guidance`` holds; see docs/guidance.md."""
