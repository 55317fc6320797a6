"""Nodes that say what a model's output means, or in which numbers it computes."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

import torch
from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion.latent import PLAYGROUND
from nodes.diffusion.levels import ANGLE, RATIO, ContinuousLevels
from nodes.diffusion.prediction import Kind, Prediction
from nodes.types import Model

Sigma = Annotated[float, Field(ge=0.0, le=1000.0), Widget(step=0.001, round=False)]
DISCRETE: Mapping[str, Kind] = {
    "eps": "eps",
    "v_prediction": "v",
    "lcm": "lcm",
    "x0": "x0",
    "img_to_img": "img_to_img",
}
CONTINUOUS: Mapping[str, Kind] = {"v_prediction": "v", "edm": "edm", "edm_playground_v2.5": "edm", "eps": "eps"}
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

sampling_node = partial(node, category="advanced/model", module="comfy_extras.nodes_model_advanced", lane="cpu")


@sampling_node("ModelSamplingDiscrete")
def model_sampling_discrete(
    model: Model, sampling: Literal["eps", "v_prediction", "lcm", "x0", "img_to_img"], zsnr: bool = False
) -> Model:
    """Say what a model predicts on Stable Diffusion's noise levels; ``zsnr`` takes them up to pure noise."""
    return replace(model, prediction=Prediction.discrete(DISCRETE[sampling], zero_terminal_snr=zsnr))


@sampling_node("ModelSamplingContinuousEDM")
def model_sampling_continuous_edm(
    model: Model,
    sampling: Literal["v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"],
    sigma_max: Sigma = 120.0,
    sigma_min: Sigma = 0.002,
) -> Model:
    """Say that a model knows every noise level between two, and what it predicts there."""
    if sampling == "cosmos_rflow":
        return replace(model, prediction=Prediction("rflow", ContinuousLevels(sigma_min, sigma_max, RATIO)))
    model = replace(model, prediction=Prediction.continuous(CONTINUOUS[sampling], sigma_min, sigma_max))
    return replace(model, latent_format=PLAYGROUND) if sampling == "edm_playground_v2.5" else model


@sampling_node("ModelSamplingContinuousV")
def model_sampling_continuous_v(
    model: Model, sampling: Literal["v_prediction"], sigma_max: Sigma = 500.0, sigma_min: Sigma = 0.03
) -> Model:
    """Say that a model knows every noise level between two, told by its angle, and predicts the velocity."""
    return replace(model, prediction=Prediction("v", ContinuousLevels(sigma_min, sigma_max, ANGLE)))


@node(
    "ModelComputeDtype",
    category="advanced/debug/model",
    module="comfy_extras.nodes_model_advanced",
    lane="cpu",
)
def model_compute_dtype(model: Model, dtype: Literal["default", "fp32", "fp16", "bf16"]) -> Model:
    """Have a model compute in other numbers; its weights are kept in them, beside those of the model as it was."""
    return model if dtype == "default" else model.computing_in(DTYPES[dtype])
