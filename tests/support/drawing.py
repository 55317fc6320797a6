"""Draw one picture of 64 x 64 pixels in two steps, and tell how much memory that took at most.

python -m tests.support.drawing CHECKPOINT OUT.png [DTYPE]
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.pictures import save_png
from nodes.diffusion.sampling import sample_latent


def main(checkpoint: str, out: str, dtype: str = "float32") -> None:
    torch.set_grad_enabled(False)
    start = time.monotonic()
    loaded = Loader(Residency(), getattr(torch, dtype)).checkpoint(Path(checkpoint))
    assert loaded.clip
    assert loaded.vae
    words = []
    for text in ("a cat", ""):
        context, pooled = loaded.clip.encode(text)
        words.append([[context, {"pooled_output": pooled}]])
    latent = sample_latent(
        loaded.model,
        {"samples": torch.zeros(1, 4, 8, 8)},
        *words,
        seed=1,
        steps=2,
        cfg=7.0,
        sampler_name="euler",
        scheduler="normal",
    )
    picture = loaded.vae.decode(latent["samples"])
    with Path(out).open("wb") as file:
        save_png(picture[0], file, {}, compress_level=4)
    told = {
        "context": words[0][0][0].shape[-1],
        "finite": bool(picture.isfinite().all()),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "seconds": round(time.monotonic() - start, 1),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
