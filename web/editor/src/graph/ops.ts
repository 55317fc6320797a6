import { definitionOf, withDefinition } from "./definitions";
import { levelOf, writeLevel } from "./levels";
import type { Fields } from "./same";
import type { Doc, Op } from "./types";

/** A workflow with nothing in it. */
export function emptyDoc(): Doc {
  return { nodes: {}, links: {}, groups: {}, order: [], lastNodeId: 0, lastLinkId: 0, format: "0.4", rest: {} };
}

/** The document after one change. */
export function apply(doc: Doc, op: Op): Doc {
  return applyAll(doc, [op]);
}

/** The document after all changes, in order. A list that no change is of stays the very same object. */
export function applyAll(doc: Doc, ops: readonly Op[]): Doc {
  const draft = new Draft(doc);
  for (const op of ops) draft.apply(op);
  return draft.doc();
}

/** What undoes these changes. */
export function invertAll(ops: readonly Op[]): Op[] {
  return [...ops].reverse().map((op) => ({ ...op, before: op.after, after: op.before }) as Op);
}

type Lists = "nodes" | "links" | "groups";
type Things = Record<string | number, unknown>;

/** A document while it is changed: each list is copied once, however many changes there are of it. */
class Draft {
  private fields: Doc;
  private readonly copies = new Map<Lists, Things>();
  private order: Set<string> | null = null;
  /** Subgraphs whose insides are changed, by id. */
  private readonly levels = new Map<string, Draft>();

  constructor(doc: Doc) {
    this.fields = doc;
  }

  apply(op: Op): void {
    if (op.in !== undefined) {
      const { in: id, ...inner } = op;
      this.level(id).apply(inner as Op);
      return;
    }
    if (op.of === "definitions") {
      this.takeIn();
      const definitions = withDefinition(this.fields.rest["definitions"], op.id, op.after, op.at);
      this.fields = { ...this.fields, rest: { ...this.fields.rest, definitions } };
      return;
    }
    if (op.of === "doc") {
      if (op.after.rest) this.takeIn();
      // The counters, the order and the rest; nothing that is copied here.
      if (op.after.order) this.order = null;
      this.fields = { ...this.fields, ...op.after };
      return;
    }
    const things = this.things(op.of);
    if (op.after === null) delete things[op.id];
    else things[op.id] = op.after;
    if (op.of === "nodes") this.place(op.id, op.after !== null);
  }

  doc(): Doc {
    this.takeIn();
    const order = this.order ? { order: [...this.order] } : {};
    return { ...this.fields, ...order, ...Object.fromEntries(this.copies) };
  }

  private level(id: string): Draft {
    let draft = this.levels.get(id);
    if (!draft) {
      const level = levelOf(this.fields, id);
      if (!level) throw new Error(`There is no subgraph ${id} to change.`);
      this.levels.set(id, (draft = new Draft(level)));
    }
    return draft;
  }

  /** Put what was done inside of subgraphs into the document. */
  private takeIn(): void {
    for (const [id, draft] of this.levels) {
      const after = writeLevel(draft.doc(), definitionOf(this.fields, id) as Fields);
      const definitions = withDefinition(this.fields.rest["definitions"], id, after);
      this.fields = { ...this.fields, rest: { ...this.fields.rest, definitions } };
    }
    this.levels.clear();
  }

  private things(of: Lists): Things {
    const copy = this.copies.get(of) ?? { ...this.fields[of] };
    this.copies.set(of, copy);
    return copy;
  }

  /** A node that is new comes last, and lies above the others. Where one lay that comes back, an op `of: "doc"` says. */
  private place(id: string, isThere: boolean): void {
    const known = this.order ?? this.fields.order;
    const listed = known instanceof Set ? known.has(id) : known.includes(id);
    if (listed === isThere) return; // most changes are of nodes that stay: the order remains the same object
    this.order ??= new Set(this.fields.order);
    if (isThere) this.order.add(id);
    else this.order.delete(id);
  }
}
