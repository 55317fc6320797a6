"""Changes of what happens inside the U-Net that touch no weight: one idea a file, each gives a model that differs."""
