"""What no independent implementation that can be installed stands beside, and the tests that stand for one."""

NO_ORACLE = {
    "heunpp2, dpm_adaptive, dpmpp_3m_sde, ipndm_v, gradient_estimation, exp_heun_2_x0": (
        "order of convergence on Gaussian data, whose ODE has a closed form (tests/unit/nodes/test_samplers.py)"
    ),
    "the _cfg_pp samplers": "equal to their parent where uncond is cond; closed form of one step",
    "deis, er_sde beyond first order, sa_solver_pece": "their integrals are scipy's; order of convergence",
    "the noise of res_multistep_ancestral, seeds_2, seeds_3, er_sde, exp_heun_2_x0_sde": (
        "mean and variance of samples of Gaussian data"
    ),
    "FreSca, Perp-Neg, CFGNorm, Mahiro, epsilon scaling, temporal score rescaling": "closed forms (test_guidance.py)",
    "areas, masks, ranges, strengths, defaults": (
        "worked out by hand on networks of one line, and convex for any items (test_denoiser.py, test_blending.py)"
    ),
    "perturbed and self-attention guidance, HyperTile, token merging, deep shrink, hypernetworks": (
        "closed forms, naive loops, and the bits of plain attention where nothing is tiled (test_patches.py)"
    ),
    "ControlNets of differences, Control-LoRAs, controls within areas and over batches": (
        "equal to whole ControlNets made from them, and to crops evaluated by themselves (test_controls.py)"
    ),
    "style models": "a second reading of the paper, in the same file",
    "LCM's boundary, image-to-image and flow predictions": "closed forms (test_prediction.py)",
    "model merging, extracted LoRAs": "closed forms; a known difference comes back (test_merging.py, test_loras.py)",
    "upscale models": "tiles against the whole picture; spandrel itself needs torchvision, which is not here",
    "GITS": "its paths against all paths of small grids, and how near they come to 200 steps (test_gits.py)",
    "SamplerLCMUpscale": "LCM where nothing is resized, and a rule written out by hand (test_growing_latents.py)",
    "published weights of any kind": "none can be had here: shapes are the real ones, numbers are random",
}
