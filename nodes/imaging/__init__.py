"""What nodes do to pictures and masks: torch and Pillow, no graph.

An image is (B, H, W, C) float32 in [0, 1], C = 3, or 4 with alpha; a mask (B, H, W), 1 where selected.
"""
