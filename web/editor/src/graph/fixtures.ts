import fc from "fast-check";
import type { Fields } from "./same";
import type { NodeSpec, Specs } from "./types";

/** What the tests of this folder share: a few node types, and workflows by chance. */

type Inputs = Record<string, unknown>;

function spec(name: string, required: Inputs, output: string[], optional: Inputs = {}): NodeSpec {
  return {
    name,
    display_name: name,
    description: "",
    category: "test",
    python_module: "nodes",
    output_node: output.length === 0,
    is_input_list: false,
    input: { required, optional, hidden: undefined },
    input_order: { required: Object.keys(required), optional: Object.keys(optional) },
    output,
    output_name: output,
    output_is_list: output.map(() => false),
  };
}

const ALL = [
  spec("Loader", { ckpt_name: [["a.safetensors", "b.safetensors"]] }, ["MODEL", "CLIP", "VAE"]),
  spec("Encode", { text: ["STRING", { multiline: true }], clip: ["CLIP"] }, ["CONDITIONING"]),
  spec("Empty", { width: ["INT", { default: 512 }], height: ["INT", { default: 512 }] }, ["LATENT"]),
  spec(
    "Sampler",
    {
      model: ["MODEL"],
      seed: ["INT", { default: 0, min: 0, max: 100, control_after_generate: true }],
      steps: ["INT", { default: 20, min: 1 }],
      cfg: ["FLOAT", { default: 8.0 }],
      sampler_name: ["COMBO", { options: ["euler", "ddim"] }],
      positive: ["CONDITIONING"],
      latent_image: ["LATENT"],
    },
    ["LATENT"],
    { strength: ["FLOAT", { forceInput: true }] },
  ),
  spec("Decode", { samples: ["LATENT"], vae: ["VAE"] }, ["IMAGE"]),
  spec("Load", { image: [["x.png"], { image_upload: true }] }, ["IMAGE", "MASK"]),
  spec("Blur", { image: ["IMAGE"], size: ["INT", { default: 3 }] }, ["IMAGE"]),
  spec("Save", { images: ["IMAGE,MASK"], filename_prefix: ["STRING", { default: "out" }] }, []),
];

export const SPECS: Specs = Object.fromEntries(ALL.map((each) => [each.name, each]));

const text = fc.string({ maxLength: 8 });
const place = fc.integer({ min: -3000, max: 3000 });
const pair = fc.oneof(fc.tuple(place, place), fc.record({ "0": place, "1": place }));
/** A seed that no number holds exactly. */
const large = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n });
const json = fc.oneof({ weight: 4, arbitrary: fc.jsonValue({ maxDepth: 2 }) }, { weight: 1, arbitrary: large });
/** Things that packs write and no specification tells of. */
const unknown = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,4}$/), json, { maxKeys: 2 });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const socketType = fc.constantFrom("IMAGE", "LATENT", "MODEL", "INT", "*");

const socket = fc.tuple(text, socketType, maybe(fc.constant(7)), unknown);

const node = fc.record(
  {
    type: fc.constantFrom("Loader", "Sampler", "Reroute", "Note", "Gone"),
    pos: pair,
    size: pair,
    flags: fc.constantFrom({}, { collapsed: true }, { pinned: true, own: 1 }),
    order: fc.nat(),
    mode: fc.constantFrom(0, 2, 4),
    inputs: fc.array(socket, { maxLength: 4 }),
    outputs: fc.array(socket, { maxLength: 3 }),
    title: text,
    properties: unknown,
    widgets_values: fc.oneof(fc.array(json, { maxLength: 4 }), unknown, fc.constant(null)),
    color: text,
    unknown,
  },
  { requiredKeys: ["type", "inputs", "outputs", "unknown"] },
);

const group = fc
  .tuple(text, fc.tuple(place, place, place, place), maybe(text), unknown)
  .map(([title, bounding, color, rest]) => ({ title, bounding, ...(color === undefined ? {} : { color }), ...rest }));

const subgraph = fc.record({
  id: fc.uuid(),
  name: text,
  nodes: fc.array(node, { maxLength: 3 }),
  groups: fc.array(group, { maxLength: 1 }),
  unknown,
});

/** Points on links, and open ends. */
const reroute = fc.record({
  pos: fc.tuple(place, place),
  on: fc.array(fc.nat(), { maxLength: 2 }),
  floating: fc.boolean(),
  unknown,
});

const shape = fc.record({
  nodes: fc.array(node, { maxLength: 8 }),
  wires: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), unknown), { maxLength: 12 }),
  groups: fc.array(group, { maxLength: 3 }),
  subgraphs: fc.array(subgraph, { maxLength: 2 }),
  reroutes: fc.array(reroute, { maxLength: 3 }),
  textIds: fc.boolean(),
  newer: fc.boolean(),
  numbered: fc.boolean(),
  backwards: fc.boolean(),
  unknown,
});

type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

/** Workflows as files may hold them, in either schema. */
export const workflows: fc.Arbitrary<Fields> = shape.map(built);

function built(of: Shape): Fields {
  const id = (at: number) => (of.textIds ? `n${at + 1}` : at + 1);
  const nodes = of.nodes.map((each, at) => entry(each, id(at)));
  const instances = of.subgraphs.map((each, at) => ({ ...nodes[at], type: each.id })).filter((each) => "id" in each);
  nodes.splice(0, instances.length, ...instances);
  const links = wired(of, nodes);
  const listed = of.backwards ? links.reverse() : links;
  const points = of.reroutes.map((each, at) => point(each, at + 1, links));
  const counts = { lastNodeId: nodes.length, lastLinkId: links.length };
  return {
    ...(of.newer
      ? { state: { ...counts, lastGroupId: 3 } }
      : { last_node_id: nodes.length, last_link_id: links.length }),
    nodes: of.backwards ? [...nodes].reverse() : nodes,
    links: listed,
    groups: of.groups.map((each, at) => (of.numbered ? { id: 9 - at, ...each } : each)),
    config: {},
    ...(of.newer && points.length > 0 ? { reroutes: points } : {}),
    ...(of.subgraphs.length > 0 ? { definitions: { subgraphs: of.subgraphs.map(definition), ...of.unknown } } : {}),
    extra: {
      ds: { scale: 1, offset: [0, 0] },
      ...(of.newer || points.length === 0 ? {} : { reroutes: points, linkExtensions: extensions(points) }),
      ...of.unknown,
    },
    version: of.newer ? 1 : 0.4,
    ...of.unknown,
  };
}

function entry({ unknown: rest, inputs, outputs, ...known }: Shape["nodes"][number], id: number | string): Fields {
  return {
    id,
    ...known,
    inputs: inputs.map(([name, type, mark, own]) => ({ name, type, link: null, ...shaped(mark), ...own })),
    outputs: outputs.map(([name, type, mark, own]) => ({ name, type, links: null, ...shaped(mark), ...own })),
    ...rest,
  };
}

function definition({ unknown: rest, nodes, groups, ...known }: Shape["subgraphs"][number]): Fields {
  const [inputNode, outputNode] = [-10, -20].map((id) => ({ id, bounding: [0, 0, 120, 60] }));
  const state = { lastNodeId: nodes.length, lastLinkId: 0 };
  const inner = { nodes: nodes.map((each, at) => entry(each, at + 1)), groups, links: [], inputs: [], outputs: [] };
  return {
    ...known,
    version: 1,
    revision: 0,
    config: {},
    state,
    inputNode,
    outputNode,
    ...inner,
    widgets: [],
    ...rest,
  };
}

function point(of: Shape["reroutes"][number], id: number, links: readonly unknown[]): Fields {
  const linkIds = links.length > 0 ? of.on.map((at) => (at % links.length) + 1) : [];
  return { id, pos: of.pos, linkIds, ...(of.floating ? { floating: { slotType: "output" } } : {}), ...of.unknown };
}

function extensions(points: readonly Fields[]): Fields[] {
  return points.flatMap(({ id, linkIds }) => (linkIds as number[]).map((link) => ({ id: link, parentId: id })));
}

function shaped(mark: number | undefined): Fields {
  return mark === undefined ? {} : { shape: mark };
}

function wired(of: Shape, nodes: readonly Fields[]): unknown[] {
  const links: unknown[] = [];
  for (const [from, fromSlot, to, toSlot, rest] of of.wires) {
    const [source, target] = [nodes[from % nodes.length], nodes[to % nodes.length]];
    const outputs = (source?.["outputs"] ?? []) as Fields[];
    const inputs = (target?.["inputs"] ?? []) as Fields[];
    if (!source || !target || outputs.length === 0 || inputs.length === 0) continue;
    const [out, into] = [fromSlot % outputs.length, toSlot % inputs.length];
    if (inputs[into]!["link"] !== null) continue;
    const id = links.length + 1;
    inputs[into]!["link"] = id;
    outputs[out]!["links"] = [...((outputs[out]!["links"] as number[] | null) ?? []), id];
    const fields = {
      origin_id: source["id"],
      origin_slot: out,
      target_id: target["id"],
      target_slot: into,
      type: "IMAGE",
    };
    links.push(of.newer ? { id, ...fields, ...rest } : [id, ...Object.values(fields)]);
  }
  return links;
}
