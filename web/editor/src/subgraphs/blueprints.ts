import { create } from "zustand";
import { api, HttpError } from "../api/client";
import { newUuid } from "../api/ids";
import { middleOfView } from "../canvas/adding";
import { focusNode } from "../canvas/focus";
import { type Point, posAt } from "../canvas/geometry";
import { askName } from "../files/ask_name";
import { whyOf } from "../files/why";
import { unlessTaken } from "../files/write";
import { blueprintOf, clipOf, distinct } from "../graph/blueprint";
import { jsonText } from "../graph/json";
import { NotAWorkflow } from "../graph/load";
import { parseLoosely } from "../graph/metadata";
import { paste } from "../graph/clipboard";
import { specOf } from "../graph/subgraphs";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { selectedSubgraph } from "./actions";
import { holdsItself } from "./entering";
import { t } from "./strings";
import { t as canvas } from "../canvas/strings";

/** Subgraphs that are kept by themselves: the user's own, those that come along, and those of node packs. */
export interface Blueprint {
  readonly key: string;
  readonly name: string;
  readonly origin: string;
  /** The text of the workflow that it is in. */
  read(): Promise<string>;
}

interface Listed {
  readonly source: string;
  readonly name: string;
  readonly info: { readonly node_pack: string };
}

interface State {
  readonly open: boolean;
  /** Null while they are asked for. */
  readonly all: readonly Blueprint[] | null;
}

export const useBlueprints = create<State>()(() => ({ open: false, all: null }));

const FOLDER = "subgraphs";

/** Show the list, as the server has it now. */
export function openBlueprints(): void {
  useBlueprints.setState({ open: true, all: null });
  void loadBlueprints().then((isThere) => isThere || closeBlueprints());
}

/** Ask the server for the list. Whether it came; else it is said why not. */
export async function loadBlueprints(): Promise<boolean> {
  try {
    useBlueprints.setState({ all: await listed() });
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

export function closeBlueprints(): void {
  useBlueprints.setState({ open: false });
}

async function listed(): Promise<Blueprint[]> {
  const [own, others] = await Promise.all([
    api.userdata.list(FOLDER),
    api.get<Record<string, Listed>>("api/global_subgraphs"),
  ]);
  const mine = own
    .filter(({ path }) => path.endsWith(".json"))
    .map(({ path }): Blueprint => {
      const name = path.replace(/\.json$/, "");
      const read = async () => (await api.userdata.read(`${FOLDER}/${path}`)).content;
      return { key: `own/${path}`, name, origin: t.yours, read };
    });
  const shared = Object.entries(others).map(([id, { source, name, info }]): Blueprint => {
    const read = async () =>
      (await api.get<{ data: string } | null>(`api/global_subgraphs/${encodeURIComponent(id)}`))?.data ?? "null";
    return { key: id, name, origin: source === "custom_node" ? t.ofPack(info.node_pack) : t.shipped, read };
  });
  return [...mine, ...shared].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Put a blueprint on the canvas, and the focus on it: into the middle of what is seen, if it is not said where. */
export async function insertBlueprint({ name, read }: Blueprint, at: Point = middleOfView()): Promise<void> {
  try {
    const clip = clipOf(parseLoosely(await read()), useSpecs.getState().specs);
    if (!clip) {
      toast(t.notABlueprint(name), "error");
      return;
    }
    const { edit, select } = useWorkspace.getState();
    const doc = activeDoc(useWorkspace.getState());
    const { ops, ids } = paste(doc, distinct(doc, clip, newUuid), posAt(at));
    if (holdsItself(ops)) {
      toast(canvas.inItself, "error");
      return;
    }
    edit(t.inserted(name), ops);
    select(ids);
    if (ids[0] !== undefined) focusNode(ids[0]);
  } catch (error) {
    failed(error);
  }
}

/** Keep the selected node's subgraph among the user's blueprints, under a name that is asked for. */
export async function saveBlueprint(): Promise<void> {
  const id = selectedSubgraph();
  const doc = activeDoc(useWorkspace.getState());
  const blueprint = id === null ? null : blueprintOf(doc, id);
  if (id === null || !blueprint) return;
  const node = doc.nodes[id]!;
  const title = node.title ?? specOf(doc, node, useSpecs.getState().specs)?.display_name ?? "";
  const name = await askName(t.save, title, t.saveYes);
  if (name === null) return;
  try {
    const path = `${FOLDER}/${name}.json`;
    const write = (overwrite: boolean) => api.userdata.write(path, jsonText(blueprint, 2), { overwrite });
    if (await unlessTaken(name, write)) toast(t.saved(name), "ok");
  } catch (error) {
    failed(error);
  }
}

function failed(error: unknown): void {
  if (!(error instanceof HttpError || error instanceof NotAWorkflow || error instanceof SyntaxError)) throw error;
  toast(error instanceof HttpError ? whyOf(error) : error.message, "error");
}
