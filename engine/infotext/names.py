"""What web UIs call samplers and schedules, and what KSampler calls them."""

from __future__ import annotations

from typing import NamedTuple


class Sampling(NamedTuple):
    """As KSampler takes them."""

    sampler: str
    scheduler: str


SAMPLERS = {
    "Euler a": "euler_ancestral",
    "Euler": "euler",
    "LMS": "lms",
    "Heun": "heun",
    "DPM2": "dpm_2",
    "DPM2 a": "dpm_2_ancestral",
    "DPM++ 2S a": "dpmpp_2s_ancestral",
    "DPM++ 2M": "dpmpp_2m",
    "DPM++ SDE": "dpmpp_sde",
    "DPM++ 2M SDE": "dpmpp_2m_sde",
    "DPM++ 2M SDE Heun": "dpmpp_2m_sde_heun",
    "DPM++ 3M SDE": "dpmpp_3m_sde",
    "DPM fast": "dpm_fast",
    "DPM adaptive": "dpm_adaptive",
    "DDIM": "ddim",
    "DDPM": "ddpm",
    "UniPC": "uni_pc",
    "LCM": "lcm",
    "HeunPP2": "heunpp2",
    "IPNDM": "ipndm",
    "IPNDM_V": "ipndm_v",
    "DEIS": "deis",
}
SCHEDULERS = {
    "Uniform": "normal",
    "Karras": "karras",
    "Exponential": "exponential",
    "SGM Uniform": "sgm_uniform",
    "KL Optimal": "kl_optimal",
    "Simple": "simple",
    "Normal": "normal",
    "DDIM": "ddim_uniform",
    "DDIM Uniform": "ddim_uniform",
    "Beta": "beta",
    "Linear Quadratic": "linear_quadratic",
}
AUTOMATIC = "Automatic"
OWN_SCHEDULERS = {
    "dpm_2": "karras",
    "dpm_2_ancestral": "karras",
    "dpmpp_2s_ancestral": "karras",
    "dpmpp_2m": "karras",
    "dpmpp_sde": "karras",
    "dpmpp_2m_sde": "exponential",
    "dpmpp_2m_sde_heun": "exponential",
    "dpmpp_3m_sde": "exponential",
}
"""What ``Automatic`` stands for, by sampler; where nothing is told of the schedule at all, it is the plain one."""

LATENT_METHODS = {
    "Latent": "bilinear",
    "Latent (bicubic)": "bicubic",
    "Latent (nearest-exact)": "nearest-exact",
    "Latent (area)": "area",
    "Latent (bislerp)": "bislerp",
}
"""Hires fix by enlarging the latent. The last two are no web UI's: they say what only LatentUpscale can."""
IMAGE_METHODS = {
    "Lanczos": "lanczos",
    "Nearest": "nearest-exact",
    "Bilinear": "bilinear",
    "Bicubic": "bicubic",
    "Area": "area",
}
"""Hires fix by enlarging the picture. Other names are those of upscale models."""
NEAR_METHODS = {
    "Latent (nearest)": "Latent (nearest-exact)",
    "Latent (antialiased)": "Latent",
    "Latent (bicubic antialiased)": "Latent (bicubic)",
    "None": "Lanczos",
}
"""What there is not, and what comes nearest to it."""


def sampling_named(name: str, schedule: str, notes: list[str]) -> Sampling:
    """By the names of a web UI. Older ones put the schedule behind the sampler's name. What is not known is noted."""
    sampler = _named(SAMPLERS, name)
    if sampler is None:
        for label in SCHEDULERS:
            if name.lower().endswith(f" {label.lower()}"):
                sampler, schedule = _named(SAMPLERS, name[: -len(label) - 1]), schedule or label
    if sampler is None and name == name.lower() and name:
        sampler = name  # KSampler's own word for one that has no other
    if sampler is None:
        notes.append(f"Sampler {name or '(none)'}: there is none like it, euler stands in for it")
        sampler = "euler"
    return Sampling(sampler, _scheduler(sampler, schedule, notes))


def sampler_label(sampler: str) -> str:
    """The web UI's name, or else KSampler's own."""
    return next((label for label, name in SAMPLERS.items() if name == sampler), sampler)


def scheduler_label(scheduler: str) -> str:
    """The web UI's name, or else KSampler's own."""
    return next((label for label, name in SCHEDULERS.items() if name == scheduler), scheduler)


def _scheduler(sampler: str, label: str, notes: list[str]) -> str:
    plain = "ddim_uniform" if sampler == "ddim" else "normal"
    if label in ("", AUTOMATIC):
        return OWN_SCHEDULERS.get(sampler, plain) if label else plain
    if found := _named(SCHEDULERS, label) or (label if label == label.lower() else None):
        return found
    notes.append(f"Schedule type {label}: there is none like it, {plain} stands in for it")
    return plain


def _named(table: dict[str, str], label: str) -> str | None:
    return next((name for known, name in table.items() if known.lower() == label.lower()), None)
