// @saintno/comfyui-sdk: named inputs and outputs over a graph, run with progress.
import { readFileSync, writeFileSync } from "node:fs";
import { CallWrapper, ComfyApi, PromptBuilder } from "@saintno/comfyui-sdk";

const [url, workflow, picture] = process.argv.slice(2);
const graph = JSON.parse(readFileSync(workflow, "utf8"));
const { steps } = graph["5"].inputs;
const api = await new ComfyApi(url).init().waitForReady();
const prompt = new PromptBuilder(graph, ["steps"], ["images"])
  .setInputNode("steps", "5.inputs.steps")
  .setOutputNode("images", "7")
  .input("steps", steps);
const progress = [];
const result = await new CallWrapper(api, prompt)
  .onProgress((info) => progress.push(info.value))
  .onFailed((error) => console.error(error))
  .run();
if (!progress.includes(steps)) throw new Error(`no progress was heard: ${progress}`);
const image = await api.getImage(result.images.images[0]);
writeFileSync(picture, Buffer.from(await image.arrayBuffer()));
api.destroy();
process.exit(0);
