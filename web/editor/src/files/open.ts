import { api } from "../api/client";
import { middleOfView } from "../canvas/adding";
import { posAt } from "../canvas/geometry";
import { addNode } from "../graph/edits";
import { initialValues, valueNames } from "../graph/inputs";
import { docFromApi, isUi, loadDoc, looksLikeApi } from "../graph/load";
import { parseLoosely, workflowIn } from "../graph/metadata";
import { emptyDoc } from "../graph/ops";
import type { Doc } from "../graph/types";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace, type Shared, type Tab } from "../store/workspace";
import { uploadImage } from "../widgets/upload";
import { isMissing, missingIn, NOTHING_MISSING } from "./missing";
import { changedModels } from "./models";
import { nameFromFile, nameOf } from "./names";
import { specsReady } from "./ready";
import { addModels, showReport } from "./report";
import { files as text } from "./strings";
import { noteVersion } from "./version";
import { Unusable, whyOf } from "./why";

type Point = readonly [number, number];

/** Open a workflow, or a picture with one in it; any other picture becomes a node that loads it, at `at`. */
export function openFile(file: File, at?: Point): Promise<void> {
  return attempt(file.name, async () => {
    const found = await workflowIn(file);
    const name = nameFromFile(file.name) || text.untitled;
    const { workflow, prompt, parameters, lock } = found ?? {};
    const carried = isUi(workflow) ? workflow : (prompt ?? workflow);
    if (carried) return opened(carried, name, { lock });
    if (parameters) return openedInfotext(parameters, name);
    if (isJson(file)) return opened(parsed(await file.text()), name); // which tells what is wrong with it
    if (!file.type.startsWith("image/")) throw new Unusable(text.neither);
    return addImage(file, at ?? posAt(middleOfView(), "LoadImage"));
  });
}

/** Open a workflow in either format as a tab of its own, and tell what it needs that is not here. */
export function openJson(json: unknown, name: string): Promise<void> {
  return attempt(name, () => opened(json, name));
}

/** Open what somebody shares, to be looked at. */
export function openShared(json: unknown, name: string, shared: Shared): Promise<void> {
  return opened(json, name, { shared });
}

/** Open a workflow of the library, or go to the tab that has it. */
export async function openSaved(path: string): Promise<void> {
  const { tabs, activate } = useWorkspace.getState();
  const open = tabs.find((tab) => tab.path === path);
  if (open) return activate(open.id);
  const name = nameOf(path);
  return attempt(name, async () => {
    const { content, version } = await api.userdata.read(path);
    await opened(parsed(content), name, { path });
    noteVersion(path, version);
  });
}

/** Open a copy of a workflow that the server has at this address. */
export function openAddress(address: string, name: string): Promise<void> {
  return attempt(name, async () => opened(parsed(await api.text(address)), name));
}

/** Open an empty workflow. */
export function openNew(): void {
  useWorkspace.getState().open(text.untitled, emptyDoc());
}

/** Whether nobody ever did anything in this tab. */
export function isBlank({ doc, path, past, future }: Tab): boolean {
  return path === null && past.length + future.length === 0 && doc.order.length === 0;
}

/** Do it; what a file or the server is to blame for is told. */
async function attempt(name: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    toast(text.notOpened(name, whyOf(error)), "error");
  }
}

/** The server knows what the words of web UIs mean, and which models are there. */
async function openedInfotext(text: string, name: string): Promise<void> {
  const read = await api.infotext(text);
  await opened(read.workflow, name, { leftOut: read.left_out });
}

interface Origin {
  /** Where in the library it lies. */
  readonly path?: string;
  /** The share that it shows, with the files that came along. */
  readonly shared?: Shared;
  /** What of it could not be carried over. */
  readonly leftOut?: readonly string[];
  /** The picture's own words on how it was made. */
  readonly lock?: unknown;
}

async function opened(json: unknown, name: string, origin: Origin = {}): Promise<void> {
  const { path, shared } = origin;
  const doc = looksLikeApi(json) ? await fromApi(json) : loadDoc(json);
  const { tabs, open, close } = useWorkspace.getState();
  const tab = open(name, doc, path ?? null, shared);
  const [only] = tabs;
  if (only && tabs.length === 1 && isBlank(only)) close(only.id);
  void report(tab, name, doc, origin); // not waited for: the server may be long in saying which nodes and files it has
}

function isJson(file: File): boolean {
  return file.type === "application/json" || file.name.toLowerCase().endsWith(".json");
}

/** The API format does not say which value is whose without the node types. */
async function fromApi(json: unknown): Promise<Doc> {
  const specs = await specsReady();
  if (!specs) throw new Unusable(text.noSpecs);
  return docFromApi(json, specs);
}

async function report(tab: string, name: string, doc: Doc, { leftOut = [], shared, lock }: Origin): Promise<void> {
  const specs = await specsReady();
  const found = specs ? missingIn(doc, specs) : NOTHING_MISSING;
  const missing = { ...found, values: found.values.filter(({ value }) => !(value in (shared?.files ?? {}))) };
  if (isMissing(missing) || leftOut.length > 0) showReport({ tab, name, missing, leftOut, models: [] });
  if (lock !== undefined) await reportModels(tab, name, lock);
}

async function reportModels(tab: string, name: string, lock: unknown): Promise<void> {
  try {
    addModels(tab, name, await changedModels(lock));
  } catch (error) {
    toast(text.modelsUnknown(name, whyOf(error)), "error");
  }
}

async function addImage(file: File, at: Point): Promise<void> {
  const choice = await uploadImage(file);
  const spec = useSpecs.getState().specs["LoadImage"];
  if (!spec) throw new Unusable(text.noLoadImage);
  const names = valueNames(spec);
  const values = initialValues(spec).map((value, index) => (names[index] === "image" ? choice : value));
  const { edit, select } = useWorkspace.getState();
  const { ops, id } = addNode(activeDoc(useWorkspace.getState()), spec, at, values);
  edit(text.addImage, ops);
  select([id]);
}

function parsed(content: string): unknown {
  try {
    return parseLoosely(content);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unusable(text.notJson(error.message));
    throw error;
  }
}
