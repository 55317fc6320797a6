"""The built-in nodes. Importing this package is cheap; ``register`` imports torch."""

from importlib import import_module

from engine.declare import NodeFunction
from engine.registry import Registry

MODULES = (
    "loaders",
    "text",
    "text_sdxl",
    "model_sampling",
    "conditioning",
    "conditioning_properties",
    "sampling",
    "custom_sampling",
    "guiders",
    "guidance_patches",
    "custom_samplers",
    "schedules",
    "latents",
    "latent_batches",
    "latent_maths",
    "latent_operations",
    "latent_files",
    "inpainting",
    "images",
    "image_sizes",
    "image_batches",
    "image_filters",
    "compositing",
    "saving",
    "animation",
    "masks",
    "primitives",
    "strings",
    "maths",
    "logic",
    "lists",
    "flow",
    "model_patches",
    "upscaling",
    "controlnets",
    "vision",
    "loras",
    "hooks",
    "hook_keyframes",
    "merging",
    "model_saving",
    "inside_film",
    "inside_latents",
    "inside_unet",
    "inside_plot",
    "inside_sweep",
    "training_data",
    "training",
    "training_loras",
)


def register(registry: Registry) -> None:
    """Add the built-in nodes: every declared function of the node modules."""
    for name in MODULES:
        module = import_module(f"nodes.{name}")
        registry.add(*(value.definition for value in vars(module).values() if isinstance(value, NodeFunction)))
