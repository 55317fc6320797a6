"""How well a checkpoint paints the icons that it was trained on: what is asked of it, and how answers are judged."""
