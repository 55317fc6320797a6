"""How networks learn: pictures and captions, losses, where weights begin, and the loop that moves them."""
