import { Command } from "cmdk";
import * as Dialog from "@radix-ui/react-dialog";
import { useEffect, useMemo, useState } from "react";
import { candidates } from "../graph/connect";
import type { NodeSpec } from "../graph/types";
import { addable, blankSpec, PRIMITIVE } from "../graph/virtual";
import { giveFocusBack } from "../shell/focus";
import { useSpecs } from "../store/specs";
import { type Blueprint, insertBlueprint, loadBlueprints, useBlueprints } from "../subgraphs/blueprints";
import { t as subgraphs } from "../subgraphs/strings";
import { addFor, type AddNodeState, closeAddNode, useAddNode } from "./adding";
import { fitsInto } from "./fitting";
import { useFlow } from "./flow";
import { focusNode } from "./focus";
import { search, titleOf } from "./search";
import { t } from "./strings";

type Open = NonNullable<AddNodeState["open"]>;

const WIDTH_PX = 420;
const HEIGHT_PX = 440;
const MOST_SHOWN = 100;

/** The search for a node to add, where the canvas was double-clicked or a wire dropped. */
export function AddNode() {
  const open = useAddNode((store) => store.open);
  return (
    <Dialog.Root open={open !== null} onOpenChange={(isOpen) => isOpen || closeAddNode()}>
      {open && (
        <Dialog.Portal>
          <Dialog.Overlay className="add-node-overlay" />
          <Dialog.Content
            className="add-node"
            style={placeOf(open)}
            aria-describedby={undefined}
            onCloseAutoFocus={giveFocusBack}
          >
            <Dialog.Title className="visually-hidden">{open.link ? t.insertNode : t.addNode}</Dialog.Title>
            <Search open={open} />
          </Dialog.Content>
        </Dialog.Portal>
      )}
    </Dialog.Root>
  );
}

/** At the pointer, but wholly on the screen. */
function placeOf({ at }: Open): { left: number; top: number } {
  return {
    left: Math.max(8, Math.min(at.x, window.innerWidth - WIDTH_PX - 8)),
    top: Math.max(8, Math.min(at.y, window.innerHeight - HEIGHT_PX - 8)),
  };
}

function Search({ open }: { open: Open }) {
  const specs = addable(useSpecs((store) => store.specs));
  const blueprints = useOffered(open);
  const [query, setQuery] = useState("");
  const offered = useMemo(() => [...offeredFor(open, specs), ...blueprints.map(asSpec)], [open, specs, blueprints]);
  const found = useMemo(() => {
    const inOrder = query.trim() === "" && open.wire ? offered : search(offered, query);
    return inOrder.slice(0, MOST_SHOWN);
  }, [offered, query, open]);
  const type = open.wire?.type ?? open.link?.type;
  return (
    <Command shouldFilter={false} label={t.searchNodes} loop>
      <div className="add-node-field">
        <Command.Input value={query} onValueChange={setQuery} placeholder={t.searchNodes} autoFocus />
        {type !== undefined && <span className="add-node-fits">{t.onlyFitting(type)}</span>}
      </div>
      <Command.List>
        <Command.Empty>{query.trim() === "" ? t.noNodeFits : t.noNodeFound(query)}</Command.Empty>
        {found.map((spec) => (
          <Choice key={spec.name} spec={spec} open={open} blueprint={blueprints.find(({ key }) => key === spec.name)} />
        ))}
      </Command.List>
    </Command>
  );
}

const NONE: readonly Blueprint[] = [];

/** The blueprints, where a node may be anything: what fits a wire is not known of them before they are read. */
function useOffered({ wire, link }: Open): readonly Blueprint[] {
  const isFree = !wire && !link;
  useEffect(() => {
    if (isFree) void loadBlueprints();
  }, [isFree]);
  const all = useBlueprints((store) => store.all);
  return (isFree && all) || NONE;
}

/** To be found among the nodes. */
function asSpec({ key, name, origin }: Blueprint): NodeSpec {
  return blankSpec(key, name, subgraphs.blueprint(origin));
}

function Choice({ spec, open, blueprint }: { spec: NodeSpec; open: Open; blueprint: Blueprint | undefined }) {
  const add = () => {
    const at = useFlow.getState().instance?.screenToFlowPosition(open.at);
    closeAddNode();
    if (!at) return;
    if (blueprint) void insertBlueprint(blueprint, at);
    else focusNode(addFor(spec, at, open));
  };
  return (
    <Command.Item value={spec.name} onSelect={add}>
      <span className="add-node-title">{titleOf(spec)}</span>
      <span className="add-node-category">{spec.category}</span>
      {spec.description && <span className="add-node-description">{plain(spec.description)}</span>}
    </Command.Item>
  );
}

/** Descriptions name things in backticks. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** What may be added: for a wire or a link, only what fits; those that name the type first. */
function offeredFor({ wire, link }: Open, specs: Readonly<Record<string, NodeSpec>>): NodeSpec[] {
  const all = Object.values(specs);
  const fitting = wire
    ? candidates(specs, wire.type, wire.from.handle.side === "out" ? "out" : "in")
    : link
      ? all.filter((spec) => fitsInto(spec, link.type))
      : all;
  const forWidget = !wire || wire.from.handle.side === "widget"; // primitives feed nothing else
  return fitting.filter((spec) => !spec.dev_only && (forWidget || spec.name !== PRIMITIVE));
}
