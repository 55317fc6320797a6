/** What people want to know of a picture, found in the workflow (API format) that made it. */

export interface Facts {
  readonly seed: string | null;
  readonly words: string;
  /** The words of the negative prompt. */
  readonly avoid: string;
  readonly model: string | null;
}

interface ApiNode {
  readonly class_type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}
type Prompt = Readonly<Record<string, ApiNode>>;

/** Walks up from the node that showed the picture (else from every node), the nearest nodes first. */
export function factsOf(prompt: unknown, shownBy?: string): Facts {
  const nodes = asPrompt(prompt);
  const from = shownBy !== undefined && nodes[shownBy] ? [shownBy] : Object.keys(nodes);
  const above = upstream(nodes, from);
  const guided = above.find((node) => linkOf(node.inputs["positive"]) ?? linkOf(node.inputs["conditioning"]));
  return {
    seed: firstOf(above, (node) => seedOf(nodes, node)),
    words: guided ? textAbove(nodes, guided, ["positive", "conditioning"]) : textOf(nodes, above),
    avoid: guided ? textAbove(nodes, guided, ["negative"]) : "",
    model: firstOf(above, modelOf),
  };
}

/** The nodes as far as they look like nodes: what a file says is not to be trusted. */
function asPrompt(prompt: unknown): Prompt {
  if (typeof prompt !== "object" || prompt === null) return {};
  const entries = Object.entries(prompt as Record<string, Partial<ApiNode> | null>);
  return Object.fromEntries(
    entries.flatMap(([id, node]) =>
      typeof node?.inputs === "object" && node.inputs !== null
        ? [[id, { class_type: String(node.class_type), inputs: node.inputs }] as const]
        : [],
    ),
  );
}

function linkOf(value: unknown): string | null {
  return Array.isArray(value) && value.length === 2 && typeof value[1] === "number" ? String(value[0]) : null;
}

/** These nodes and all that they are made from, breadth first. */
function upstream(nodes: Prompt, from: readonly string[]): ApiNode[] {
  const seen = new Set(from);
  for (const id of seen) {
    for (const value of Object.values(nodes[id]?.inputs ?? {})) {
      const source = linkOf(value);
      if (source !== null && nodes[source]) seen.add(source); // a Set's loop also visits what is added while it runs
    }
  }
  return [...seen].flatMap((id) => nodes[id] ?? []);
}

function textAbove(nodes: Prompt, node: ApiNode, inputs: readonly string[]): string {
  const sources = inputs.flatMap((name) => linkOf(node.inputs[name]) ?? []);
  return textOf(nodes, upstream(nodes, sources));
}

const WORDS = /^(text|prompt|clip_[gl]$|t5xxl$)/;

/** The texts of those who encode words: they have a `clip`. A text may come from a node of its own. */
function textOf(nodes: Prompt, above: readonly ApiNode[]): string {
  const encoders = above.filter((node) => "clip" in node.inputs);
  const given = encoders.flatMap((node) => Object.entries(node.inputs).filter(([name]) => WORDS.test(name)));
  const texts = given
    .map(([, value]) => behind(nodes, value))
    .filter((text) => typeof text === "string" && text.trim());
  return [...new Set(texts)].join("\n");
}

/** A value, or that of the node which gives it if that is only there for the value. */
function behind(nodes: Prompt, value: unknown): unknown {
  const source = linkOf(value);
  if (source === null) return value;
  const given = nodes[source]?.inputs;
  return given?.["value"] ?? given?.["seed"] ?? given?.["noise_seed"];
}

function seedOf(nodes: Prompt, node: ApiNode): string | null {
  const seed = behind(nodes, node.inputs["seed"] ?? node.inputs["noise_seed"]);
  return typeof seed === "number" || typeof seed === "bigint" ? String(seed) : null;
}

function modelOf(node: ApiNode): string | null {
  const name = node.inputs["ckpt_name"] ?? node.inputs["unet_name"];
  return typeof name === "string" ? name : null;
}

function firstOf<T>(nodes: readonly ApiNode[], of: (node: ApiNode) => T | null): T | null {
  for (const node of nodes) {
    const found = of(node);
    if (found !== null) return found;
  }
  return null;
}
