"""What happens inside: stages of diffusion as pictures."""
