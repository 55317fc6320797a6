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
import { activeTab, useWorkspace, type Shared, type Tab } from "../store/workspace";
import { uploadImage } from "../widgets/upload";
import { isMissing, missingIn } from "./missing";
import { nameFromFile, nameOf } from "./names";
import { specsReady } from "./ready";
import { showReport } from "./report";
import { files as text } from "./strings";
import { noteVersion } from "./version";
import { Unusable, whyOf } from "./why";

type Point = readonly [number, number];

/** Open a workflow, or a picture with one in it; any other picture becomes a node that loads it, at `at`. */
export function openFile(file: File, at?: Point): Promise<void> {
  return attempt(file.name, async () => {
    const found = await workflowIn(file);
    const name = nameFromFile(file.name) || text.untitled;
    if (found) return opened(isUi(found.workflow) ? found.workflow : (found.prompt ?? found.workflow), name);
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
  return opened(json, name, null, shared);
}

/** Open a workflow of the library, or go to the tab that has it. */
export async function openSaved(path: string): Promise<void> {
  const { tabs, activate } = useWorkspace.getState();
  const open = tabs.find((tab) => tab.path === path);
  if (open) return activate(open.id);
  const name = nameOf(path);
  return attempt(name, async () => {
    const { content, version } = await api.userdata.read(path);
    await opened(parsed(content), name, path);
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

async function opened(json: unknown, name: string, path: string | null = null, shared?: Shared): Promise<void> {
  const doc = looksLikeApi(json) ? await fromApi(json) : loadDoc(json);
  const { tabs, open, close } = useWorkspace.getState();
  open(name, doc, path, shared);
  const [only] = tabs;
  if (only && tabs.length === 1 && isBlank(only)) close(only.id);
  void report(name, doc, shared?.files); // not waited for: the server may be long in saying which nodes it has
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

/** `brought` are the files that came along. */
async function report(name: string, doc: Doc, brought: Shared["files"] = {}): Promise<void> {
  const specs = await specsReady();
  const found = specs && missingIn(doc, specs);
  const missing = found && { ...found, values: found.values.filter(({ value }) => !(value in brought)) };
  if (missing && isMissing(missing)) showReport({ name, missing });
}

async function addImage(file: File, at: Point): Promise<void> {
  const choice = await uploadImage(file);
  const spec = useSpecs.getState().specs["LoadImage"];
  if (!spec) throw new Unusable(text.noLoadImage);
  const names = valueNames(spec);
  const values = initialValues(spec).map((value, index) => (names[index] === "image" ? choice : value));
  const { edit, select } = useWorkspace.getState();
  const { ops, id } = addNode(activeTab(useWorkspace.getState()).doc, spec, at, values);
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
