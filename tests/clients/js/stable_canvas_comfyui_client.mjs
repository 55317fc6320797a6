// @stable-canvas/comfyui-client: enqueue over the websocket, with progress; the result names the picture's address.
import { readFileSync, writeFileSync } from "node:fs";
import { Client } from "@stable-canvas/comfyui-client";
import WebSocket from "ws";

const [url, workflow, picture] = process.argv.slice(2);
const graph = JSON.parse(readFileSync(workflow, "utf8"));
const { steps } = graph["5"].inputs;
const client = new Client({ api_host: new URL(url).host, WebSocket, fetch });
await client.connect();
const progress = [];
const { images } = await client.enqueue(graph, {
  progress: ({ value }) => progress.push(value),
});
if (!progress.includes(steps)) throw new Error(`no progress was heard: ${progress}`);
const answer = await fetch(images[0].data);
writeFileSync(picture, Buffer.from(await answer.arrayBuffer()));
client.close();
process.exit(0);
