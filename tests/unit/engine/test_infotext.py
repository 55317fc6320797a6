"""Infotext: read into a workflow, written from one, and both ways the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import NotAWorkflow
from engine.infotext import infotext_of, read_infotext
from engine.infotext.names import IMAGE_METHODS, LATENT_METHODS, SAMPLERS, SCHEDULERS
from engine.infotext.text import parse_infotext

CATS = """a photo of a cat, (fluffy:1.2), <lora:Soft_Fur:0.8>
in the sun
Negative prompt: blurry,
bad hands
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 3735928559, Size: 512x768, Model hash: 6ce0161689, \
Model: dream_8, VAE: soft.ckpt, Clip skip: 2, RNG: CPU, Lora hashes: "Soft_Fur: 0b4c8a, other: 1", Version: v1.7.0"""
FILES = {
    "checkpoints": ["a.safetensors", "sd15/Dream_8.ckpt"],
    "loras": ["fur/Soft_Fur.safetensors"],
    "vae": ["soft.pt"],
    "upscale_models": ["4x-UltraSharp.pth"],
    "embeddings": ["easynegative.pt"],
}
LAST = "\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, Model: a, RNG: CPU"


def of(prompt: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The inputs of the nodes of a type."""
    return [node["inputs"] for node in prompt.values() if node["class_type"] == kind]


def test_a_text_becomes_a_workflow_with_the_files_that_are_here() -> None:
    read = read_infotext(CATS, FILES)
    assert read.left_out == ()
    prompt = read.prompt
    assert [node["class_type"] for node in prompt.values()] == [
        *("CheckpointLoaderSimple", "LoraLoader", "VAELoader", "CLIPSetLastLayer", "CLIPTextEncode", "CLIPTextEncode"),
        *("EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage"),
    ]
    assert of(prompt, "CheckpointLoaderSimple") == [{"ckpt_name": "sd15/Dream_8.ckpt"}]
    (lora,) = of(prompt, "LoraLoader")
    assert (lora["lora_name"], lora["strength_model"], lora["strength_clip"]) == ("fur/Soft_Fur.safetensors", 0.8, 0.8)
    assert of(prompt, "VAELoader") == [{"vae_name": "soft.pt"}]
    assert of(prompt, "CLIPSetLastLayer") == [{"clip": ["2", 1], "stop_at_clip_layer": -2}]
    words, avoided = of(prompt, "CLIPTextEncode")
    assert words == {"text": "a photo of a cat, (fluffy:1.2), \nin the sun", "clip": ["4", 0]}
    assert avoided["text"] == "blurry,\nbad hands"
    (sampler,) = of(prompt, "KSampler")
    expected = {"seed": 3735928559, "steps": 28, "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras"}
    assert sampler == sampler | expected | {"model": ["2", 0], "positive": ["5", 0], "negative": ["6", 0]}
    assert of(prompt, "EmptyLatentImage") == [{"width": 512, "height": 768, "batch_size": 1}]
    assert of(prompt, "VAEDecode") == [{"samples": ["8", 0], "vae": ["3", 0]}]


def test_a_file_that_is_not_here_keeps_its_ending() -> None:
    read = read_infotext(f"x{LAST}, VAE: old.ckpt", FILES)
    assert of(read.prompt, "VAELoader") == [{"vae_name": "old.ckpt"}]


@pytest.mark.parametrize(
    ("sampler", "schedule", "found"),
    [
        ("Euler a", None, ("euler_ancestral", "normal")),
        ("DPM++ 2M", "Karras", ("dpmpp_2m", "karras")),
        ("DPM++ 2M", "Automatic", ("dpmpp_2m", "karras")),
        ("DPM++ 3M SDE Exponential", None, ("dpmpp_3m_sde", "exponential")),
        ("DPM++ 2M", None, ("dpmpp_2m", "normal")),
        ("DDIM", None, ("ddim", "ddim_uniform")),
        ("res_multistep", "beta", ("res_multistep", "beta")),
    ],
)
def test_samplers_and_schedules_are_named_as_here(sampler: str, schedule: str | None, found: tuple[str, str]) -> None:
    more = f", Schedule type: {schedule}" if schedule else ""
    read = read_infotext(f"x{LAST.replace('Euler', sampler)}{more}")
    (inputs,) = of(read.prompt, "KSampler")
    assert (inputs["sampler_name"], inputs["scheduler"]) == found
    assert read.left_out == ()


@pytest.mark.parametrize(
    ("more", "kinds", "size"),
    [
        ("Hires upscale: 1.5, Hires upscaler: Latent (nearest-exact)", ["LatentUpscale"], (768, 768)),
        ("Hires resize: 1000x604, Hires upscaler: Lanczos", ["ImageScale", "VAEEncode"], (1000, 600)),
        ("Hires upscale: 2, Hires upscaler: 4x-ultrasharp", ["ImageUpscaleWithModel", "ImageScale"], (1024, 1024)),
    ],
)
def test_hires_fix_is_a_second_pass(more: str, kinds: list[str], size: tuple[int, int]) -> None:
    read = read_infotext(f"x{LAST}, Denoising strength: 0.4, Hires steps: 9, {more}", FILES)
    first, second = of(read.prompt, "KSampler")
    assert (first["steps"], first["denoise"], second["steps"], second["denoise"]) == (20, 1.0, 9, 0.4)
    for kind in kinds:
        assert len(of(read.prompt, kind)) == 1
    scale = next(of(read.prompt, kind)[0] for kind in ("LatentUpscale", "ImageScale") if of(read.prompt, kind))
    assert (scale["width"], scale["height"]) == size
    assert read.left_out == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"x{LAST}, Face restoration: CodeFormer", "Face restoration: CodeFormer"),
        (f"x{LAST}, Denoising strength: 0.6", "Denoising strength 0.6: it was painted over another picture"),
        (f"x{LAST.replace('Euler', 'PLMS')}", "Sampler PLMS: there is none like it, euler stands in"),
        (f"x{LAST}, Schedule type: Turbo", "Schedule type Turbo: there is none like it, normal stands in"),
        (
            f"x{LAST.replace('a, RNG', 'other, Model hash: 12ab, RNG')}",
            "Model other (hash 12ab): there is no such file",
        ),
        (f"<lora:none:1>{LAST}", "LoRA none: there is no such file in loras"),
        (f"<hypernet:Style:0.5> x{LAST}", "prompt: <hypernet:Style:0.5>"),
        (f"[a:b:0.5]{LAST}", "prompt: square brackets"),
        (f"a AND b{LAST}", "prompt: AND is plain text"),
        (f"x{LAST.replace('CPU', 'GPU')}", "RNG: noise is drawn on the CPU here"),
        ("x\nSteps: 20, Sampler: Euler, RNG: CPU", "Size is not told: 512x512 stands in for it"),
        (f"x{LAST.replace('Seed: 1', 'Seed: many')}", "Seed many is no number: 0 stands in"),
        (f"x{LAST}\nTemplate: {{a|b}}", "the text after the settings: Template: {a|b}"),
    ],
)
def test_what_cannot_be_carried_over_is_named(text: str, said: str) -> None:
    assert any(said in each for each in read_infotext(text, FILES).left_out), read_infotext(text, FILES).left_out


def test_values_in_quotes_and_objects_may_hold_commas() -> None:
    line = 'Steps: 3, A: "x, y: \\"z\\"", Hashes: {"vae": "1", "model": "2"}, B: 5 " 6, C: "open, D: 1'
    expected = {"Steps": "3", "A": 'x, y: "z"', "Hashes": '{"vae": "1", "model": "2"}', "B": '5 " 6', "C": '"open'}
    assert parse_infotext(line).settings == expected | {"D": "1"}


def test_embeddings_are_found_in_words() -> None:
    text = f"x\nNegative prompt: easynegative, (bad-hands:1.2), embedding:easynegative{LAST}"
    (_, avoided) = of(read_infotext(f'{text}, TI hashes: "bad-hands: aa"', FILES).prompt, "CLIPTextEncode")
    assert avoided["text"] == "embedding:easynegative, (embedding:bad-hands:1.2), embedding:easynegative"


@pytest.mark.parametrize("text", ["", "a cat", '{"steps": 20}', "Negative prompt: no"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(NotAWorkflow, match="Steps:"):
        read_infotext(text)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r<>"), max_size=60)
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N"], include_characters=" _-.,'\""), min_size=1)
STRENGTHS = st.floats(-4, 4)
HIRES = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from([*LATENT_METHODS, *IMAGE_METHODS, "4x-UltraSharp"]),
        st.integers(8, 300).map(lambda cells: cells * 8),
        st.integers(1, 99),
        st.floats(0.01, 1),
    ),
)


@given(
    words=WORDS,
    avoided=WORDS,
    loras=st.lists(st.tuples(NAMES, STRENGTHS, STRENGTHS), max_size=3),
    seed=st.integers(0, 2**64 - 1),
    cfg=st.floats(0, 100),
    sampler=st.sampled_from([*SAMPLERS.values(), "er_sde"]),
    scheduler=st.sampled_from([*SCHEDULERS.values()]),
    model=NAMES,
    clip_skip=st.integers(1, 4),
    hires=HIRES,
)
def test_what_is_written_is_read_back(
    words: str,
    avoided: str,
    loras: list[tuple[str, float, float]],
    seed: int,
    cfg: float,
    sampler: str,
    scheduler: str,
    model: str,
    clip_skip: int,
    hires: tuple[str, int, int, float] | None,
) -> None:
    """A workflow, its text, and the workflow of that text: the same nodes with the same values."""
    tags = "".join(f"<lora:a{at}:1>" for at, _ in enumerate(loras))
    more = ", Hires resize: 1024x1024, Hires upscaler: 4x-UltraSharp" if hires else ""
    if hires and hires[0] in (*LATENT_METHODS, *IMAGE_METHODS):
        more = f", Hires resize: 1024x1024, Hires upscaler: {hires[0]}"
    made = read_infotext(f"{tags}x{LAST}, Clip skip: {clip_skip}{more}").prompt
    of(made, "CLIPTextEncode")[0]["text"], of(made, "CLIPTextEncode")[1]["text"] = words.strip(), avoided.strip()
    of(made, "CheckpointLoaderSimple")[0]["ckpt_name"] = f"{model.strip() or 'm'}.safetensors"
    for inputs, (name, strength_model, strength_clip) in zip(of(made, "LoraLoader"), loras, strict=True):
        inputs |= {"lora_name": f"{name.strip() or 'l'}.safetensors"}
        inputs |= {"strength_model": strength_model, "strength_clip": strength_clip}
    for sampling in of(made, "KSampler"):
        sampling |= {"seed": seed, "cfg": cfg, "sampler_name": sampler, "scheduler": scheduler}
    if hires:
        of(made, "KSampler")[1].update(steps=hires[2], denoise=hires[3])
        for scale in [*of(made, "LatentUpscale"), *of(made, "ImageScale")]:
            scale |= {"width": hires[1], "height": 8 * hires[2]}
    text = infotext_of(made, str(len(made)))
    lines = words.split("\n")
    if text is None:  # the one thing that the text cannot say is what looks like its own parts
        assert any(line.lstrip().startswith("Negative prompt:") for line in lines)
        return
    again = read_infotext(text).prompt
    titles = {f"LoRA {name.strip() or 'l'}" for name, _, _ in loras}
    assert titles <= {node["_meta"]["title"] for node in again.values()}
    assert {n: node["inputs"] for n, node in again.items()} == {n: node["inputs"] for n, node in made.items()}


@pytest.mark.parametrize("words", ["x\nNegative prompt: y", "<lora:x:1>", "<hypernet:x:1>"])
def test_what_would_be_read_back_as_something_else_is_not_written(words: str) -> None:
    made = read_infotext(f"x{LAST}").prompt
    assert infotext_of(made, str(len(made))) is not None
    of(made, "CLIPTextEncode")[0]["text"] = words
    assert infotext_of(made, str(len(made))) is None


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("KSampler", {"denoise": 0.5}),
        ("KSampler", {"seed": ["1", 0]}),
        ("KSampler", {"latent_image": ["8", 0]}),
        ("EmptyLatentImage", {"batch_size": 2}),
        ("CLIPTextEncode", {"clip": ["9", 0]}),
        ("SaveImage", {"images": ["77", 0]}),
        ("VAEDecode", {"vae": 3}),
    ],
)
def test_other_workflows_have_no_infotext(kind: str, change: dict[str, Any]) -> None:
    made = read_infotext(f"x{LAST}").prompt
    of(made, kind)[0].update(change)
    assert infotext_of(made, str(len(made))) is None


def test_a_cycle_has_no_infotext() -> None:
    made = read_infotext(f"<lora:a:1><lora:b:1>x{LAST}").prompt
    of(made, "LoraLoader")[0]["model"] = ["3", 0]
    assert infotext_of(made, str(len(made))) is None
