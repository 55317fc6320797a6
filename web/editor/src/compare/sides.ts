import { api } from "../api/client";
import type { Version } from "../api/sharing";
import { nameFromFile, nameOf, placeOf } from "../files/names";
import { Unusable } from "../files/why";
import { isUi } from "../graph/load";
import { parseLoosely, workflowIn } from "../graph/metadata";
import { saveDoc } from "../graph/save";
import { whenOf } from "../sharing/versions";
import type { Tab } from "../store/workspace";
import { t } from "./strings";

/** A workflow that another is compared with. */
export interface Side {
  readonly name: string;
  /** It, in either format. */
  readonly json: unknown;
}

export function ofTab({ name, doc }: Tab): Side {
  return { name, json: saveDoc(doc) };
}

export async function ofSaved(path: string): Promise<Side> {
  const { content } = await api.userdata.read(path);
  return { name: placeOf(path), json: parsed(content) };
}

export async function ofVersion(path: string, version: Version): Promise<Side> {
  const content = await api.text(api.versions.address(placeOf(path), version.id));
  return { name: version.name ?? t.versionOf(nameOf(path), whenOf(version)), json: parsed(content) };
}

/** A workflow file, or a picture that carries one. */
export async function ofFile(file: File): Promise<Side> {
  const name = nameFromFile(file.name) || file.name;
  const { workflow, prompt, parameters } = (await workflowIn(file)) ?? {};
  const carried = isUi(workflow) ? workflow : (prompt ?? workflow);
  if (carried !== undefined) return { name, json: carried };
  if (parameters !== undefined) return { name, json: (await api.infotext(parameters)).workflow };
  throw new Unusable(t.neither);
}

function parsed(content: string): unknown {
  try {
    return parseLoosely(content);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unusable(t.neither);
    throw error;
  }
}
