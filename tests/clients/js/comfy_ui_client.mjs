// comfy-ui-client: the pictures of a prompt by node, as blobs.
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { ComfyUIClient } from "comfy-ui-client";

const [url, workflow, picture] = process.argv.slice(2);
const client = new ComfyUIClient(new URL(url).host, randomUUID());
await client.connect();
const images = await client.getImages(JSON.parse(readFileSync(workflow, "utf8")));
writeFileSync(picture, Buffer.from(await images["7"][0].blob.arrayBuffer()));
await client.disconnect();
