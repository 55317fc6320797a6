"""diffusers' networks of the same shape as ours, for parity tests."""

from diffusers import UNet2DConditionModel

from nodes.diffusion.unet.config import UNetConfig


def their_unet(config: UNetConfig) -> UNet2DConditionModel:
    """diffusers' U-Net of the same shape."""
    kinds = [level.attends for level in config.levels]
    middle = {0: None, 1: "UNetMidBlock2D", 2: "UNetMidBlock2DCrossAttn"}[config.middle_blocks]
    vector = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": config.vector_dim,
    }
    return UNet2DConditionModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=tuple(level.channels for level in config.levels),
        layers_per_block=config.levels[0].blocks,
        down_block_types=tuple("CrossAttnDownBlock2D" if kind else "DownBlock2D" for kind in kinds),
        mid_block_type=middle,
        up_block_types=tuple("CrossAttnUpBlock2D" if kind else "UpBlock2D" for kind in reversed(kinds)),
        cross_attention_dim=config.context_dim,
        transformer_layers_per_block=[
            *(list(level.down_depths) for level in config.levels[:-1]),
            list(config.levels[-1].down_depths) if kinds[-1] else config.middle_depth,  # of the middle, too
        ],
        reverse_transformer_layers_per_block=[list(level.up_depths) for level in reversed(config.levels)],
        attention_head_dim=tuple(config.heads(level.channels) for level in config.levels),  # their name for a count
        norm_num_groups=config.groups,
        use_linear_projection=config.linear_projections,
        **(vector if config.vector_dim else {}),
    )
