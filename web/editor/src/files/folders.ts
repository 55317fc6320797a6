import type { Rest } from "../graph/types";

/** The folder of `models/` that an input takes its files from, by the input's name; by the node's type where that tells more. */
const BY_INPUT: Readonly<Record<string, string>> = {
  ckpt_name: "checkpoints",
  config_name: "configs",
  vae_name: "vae",
  lora_name: "loras",
  unet_name: "diffusion_models",
  clip_name: "text_encoders",
  clip_name1: "text_encoders",
  clip_name2: "text_encoders",
  clip_name3: "text_encoders",
  clip_name4: "text_encoders",
  control_net_name: "controlnet",
  style_model_name: "style_models",
  gligen_name: "gligen",
  hypernetwork_name: "hypernetworks",
  "CLIPVisionLoader.clip_name": "clip_vision",
  "UpscaleModelLoader.model_name": "upscale_models",
  "PhotoMakerLoader.photomaker_model_name": "photomaker",
};

/** Where the file belongs that an input asks for, below the server's data folder; undefined if nobody knows. */
export function folderOf(type: string, input: string, options: Rest): string | undefined {
  if (options["image_upload"] || options["video_upload"] || options["audio_upload"]) return "input";
  const folder = BY_INPUT[`${type}.${input}`] ?? BY_INPUT[input];
  return folder && `models/${folder}`;
}
