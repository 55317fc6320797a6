import { useMemo, useState, type DragEvent } from "react";
import { titleOf } from "../canvas/search";
import type { NodeSpec } from "../graph/types";
import { addable } from "../graph/virtual";
import { useSpecs } from "../store/specs";
import { addAt } from "../canvas/actions";
import { categoriesOf, searchNodes, type Category } from "./categories";
import { NODE_DRAG } from "../canvas/drag";
import { Panel } from "./Panel";
import { t } from "./strings";
import "./nodes.css";

/** All node types by category, to be dragged or added. */
export function NodePalette() {
  const specs = addable(useSpecs((store) => store.specs));
  const [query, setQuery] = useState("");
  const tree = useMemo(() => categoriesOf(specs, t.nodePalette.uncategorised), [specs]);
  const found = useMemo(() => (query.trim() ? searchNodes(specs, query) : null), [specs, query]);
  return (
    <Panel title={t.shell.panels.nodes}>
      <input
        type="search"
        value={query}
        placeholder={t.nodePalette.search}
        aria-label={t.nodePalette.search}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && found?.[0] && addAt(found[0].name)}
      />
      <p className="palette-hint">{t.nodePalette.hint}</p>
      {found ? (
        <Found nodes={found} query={query} />
      ) : (
        tree.map((category) => <Branch key={category.path} {...category} />)
      )}
    </Panel>
  );
}

function Found({ nodes, query }: { nodes: readonly NodeSpec[]; query: string }) {
  if (nodes.length === 0) return <p className="empty">{t.nodePalette.none(query)}</p>;
  return <Leaves nodes={nodes} />;
}

function Branch({ name, categories, nodes }: Category) {
  return (
    <details className="category">
      <summary>{name}</summary>
      <div>
        {categories.map((category) => (
          <Branch key={category.path} {...category} />
        ))}
        <Leaves nodes={nodes} />
      </div>
    </details>
  );
}

function Leaves({ nodes }: { nodes: readonly NodeSpec[] }) {
  return (
    <ul>
      {nodes.map((spec) => (
        <li key={spec.name}>
          <button
            type="button"
            className="list-item"
            draggable
            title={spec.description || spec.name}
            onDragStart={(event) => carry(event, spec)}
            onDoubleClick={() => addAt(spec.name)}
            onKeyDown={(event) => event.key === "Enter" && addAt(spec.name)}
          >
            {titleOf(spec)}
          </button>
        </li>
      ))}
    </ul>
  );
}

function carry(event: DragEvent, spec: NodeSpec): void {
  event.dataTransfer.setData(NODE_DRAG, spec.name);
  event.dataTransfer.effectAllowed = "copy";
}
