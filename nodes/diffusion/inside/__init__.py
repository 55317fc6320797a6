"""Looking into a network at work: what its parts give, and what becomes of a picture without them."""
