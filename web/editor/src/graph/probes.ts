import { incoming } from "./connect";
import { definitionOf } from "./definitions";
import { readNode } from "./entries";
import { inputsOf, initialValues } from "./inputs";
import { connect } from "./links";
import { newNode } from "./nodes";
import { applyAll } from "./ops";
import { ALWAYS, type Doc, type NodeId, type Specs } from "./types";

/**
 * Running to any node. A server runs what outputs need, so a node that is none gets outputs of its own for one run:
 * previews of what it makes. Their ids (`5:show0`) are those of nodes inside of node 5, so that what they show appears
 * there, as with subgraphs. The document that is edited never has them.
 */

/** What has to be done with a type before a preview can show it. */
const MADE_VISIBLE: readonly { readonly type: string; readonly by: string; readonly input: string }[] = [
  { type: "LATENT", by: "VAEDecode", input: "samples" },
  { type: "MASK", by: "MaskToImage", input: "mask" },
];
const TEXTUAL = ["STRING", "INT", "FLOAT", "BOOLEAN"];
const PICTURE = "PreviewImage";
const ANYTHING = "PreviewAny";
const SILENT = ":run";

/** Whether a node is only there to have another one run: what it says is of no use to anybody. */
export function isSilent(id: NodeId): boolean {
  return id.endsWith(SILENT);
}

/** Whether a run can be asked for up to this node. */
export function canRunTo(doc: Doc, specs: Specs, id: NodeId): boolean {
  const node = doc.nodes[id];
  if (node?.mode !== ALWAYS) return false;
  if (specs[node.type]?.output_node) return true;
  return (
    (node.type in specs || definitionOf(doc, node.type) !== undefined) && node.outputs.length > 0 && ANYTHING in specs
  );
}

/** The document to send so that these nodes run, and the outputs to ask for. */
export function withProbes(doc: Doc, specs: Specs, ids: readonly NodeId[]): { doc: Doc; targets: NodeId[] } {
  const probes = new Probes(doc, specs);
  const targets = ids.flatMap((id) => (canRunTo(doc, specs, id) ? probes.of(id) : [id]));
  return { doc: probes.doc, targets };
}

class Probes {
  constructor(
    public doc: Doc,
    private readonly specs: Specs,
  ) {}

  of(id: NodeId): NodeId[] {
    const node = this.doc.nodes[id]!;
    if (this.specs[node.type]?.output_node) return [id];
    const shown = node.outputs.flatMap(({ type }, slot) => this.show(id, slot, type) ?? []);
    return shown.length > 0 ? shown : [this.add(`${id}${SILENT}`, ANYTHING, id, 0)];
  }

  /** A preview of one output; null if its type cannot be seen. */
  private show(id: NodeId, slot: number, type: string): NodeId | null {
    const name = `${id}:show${slot}`;
    if (TEXTUAL.includes(type)) return this.add(name, ANYTHING, id, slot);
    if (!(PICTURE in this.specs)) return null;
    if (type === "IMAGE") return this.add(name, PICTURE, id, slot);
    const how = MADE_VISIBLE.find((each) => each.type === type && each.by in this.specs);
    const vae = how?.by === "VAEDecode" ? this.vaeAbove(id) : null;
    if (!how || (how.by === "VAEDecode" && !vae)) return null;
    const made = this.add(`${id}:make${slot}`, how.by, id, slot, how.input);
    if (vae) this.wire(vae.id, vae.slot, made, "vae");
    return this.add(name, PICTURE, made, 0);
  }

  /** Add a node, its input (else its first) wired to an output. */
  private add(id: NodeId, type: string, from: NodeId, slot: number, input?: string): NodeId {
    const spec = this.specs[type]!;
    const fresh = { id, order: this.doc.order.length, pos: [0, 0] as const, values: initialValues(spec) };
    const after = readNode(newNode(spec, fresh));
    this.doc = applyAll(this.doc, [{ of: "nodes", id, before: null, after }]);
    this.wire(from, slot, id, input ?? inputsOf(spec)[0]!.name);
    return id;
  }

  private wire(from: NodeId, slot: number, to: NodeId, input: string): void {
    const into = this.doc.nodes[to]!.inputs.findIndex(({ name }) => name === input);
    this.doc = applyAll(this.doc, connect(this.doc, from, slot, to, into));
  }

  /** The nearest VAE among what a node is made from. */
  private vaeAbove(id: NodeId): { id: NodeId; slot: number } | null {
    const seen = new Set([id]);
    for (const at of seen) {
      const node = this.doc.nodes[at];
      const slot = node?.mode === ALWAYS ? node.outputs.findIndex(({ type }) => type === "VAE") : -1;
      if (slot >= 0) return { id: at, slot };
      for (const { from } of incoming(this.doc, at)) seen.add(from); // the loop visits these too
    }
    return null;
  }
}
