import { create } from "zustand";
import { api } from "../api/client";
import type { Difference } from "../api/comparing";
import { openSaved } from "../files/open";
import { whyOf } from "../files/why";
import { isUi, loadDoc } from "../graph/load";
import { saveDoc } from "../graph/save";
import type { Doc } from "../graph/types";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace, type Tab } from "../store/workspace";
import { type Ghost, ghostsOf } from "./ghosts";
import { type Group, groupsOf, type Mark, marksOf } from "./groups";
import type { Side } from "./sides";
import { t } from "./strings";

/** A comparison of an open workflow with another, which is what it was before. */
export interface Comparison {
  readonly tab: string;
  readonly other: Side;
  /** What was found last; null until that is known. */
  readonly found: Found | null;
  /** Of which state of the tab's workflow that is told. */
  readonly compared: Doc | null;
  /** Why it cannot be told; null if nothing is wrong. */
  readonly why: string | null;
}

interface Found {
  readonly groups: readonly Group[];
  readonly marks: ReadonlyMap<string, Mark>;
  readonly ghosts: readonly Ghost[];
}

interface Store {
  /** The tab for which another workflow is being chosen. */
  readonly choosing: string | null;
  readonly shown: Comparison | null;
}

export const useCompare = create<Store>()(() => ({ choosing: null, shown: null }));

/** What is different at a node of a tab, by the id that the server knows it by. */
export function useMark(tab: string, id: string): Mark | undefined {
  return useCompare(({ shown }) => (shown?.tab === tab ? shown.found?.marks.get(id) : undefined));
}

/** Let the user choose what a tab is compared with. */
export function chooseOther(tab: string | null): void {
  useCompare.setState({ choosing: tab });
}

/** Open a workflow of the library, and let the user choose what it is compared with. */
export async function compareSaved(path: string): Promise<void> {
  const tab = await openedTab(path);
  if (tab) chooseOther(tab.id);
}

/** Open a workflow of the library, and show what makes it another than `other`. */
export async function compareSavedWith(path: string, name: string, other: () => Promise<Side>): Promise<void> {
  const tab = await openedTab(path);
  if (tab) await compareWith(tab.id, name, other);
}

/** Show what makes a tab's workflow another than `other`, which is called `name` if it cannot be read. */
export async function compareWith(tab: string, name: string, other: () => Promise<Side>): Promise<void> {
  chooseOther(null);
  try {
    useCompare.setState({ shown: { tab, other: await other(), found: null, compared: null, why: null } });
    useWorkspace.getState().activate(tab);
  } catch (error) {
    toast(t.notCompared(name, whyOf(error)), "error");
  }
}

export function closeCompare(): void {
  useCompare.setState({ shown: null });
}

/** Compare again: the tab's workflow is another by now. Late answers to what was asked before are passed over. */
export async function refreshCompare(id: string, doc: Doc): Promise<void> {
  const asked = useCompare.getState().shown;
  if (asked?.tab !== id) return;
  const tell = (told: Pick<Comparison, "found" | "why">) =>
    useCompare.setState(({ shown }) =>
      shown?.tab === id && shown.other === asked.other && docOf(id) === doc
        ? { shown: { ...shown, ...told, compared: doc } }
        : {},
    );
  try {
    tell({ found: foundIn(await api.diff(asked.other.json, saveDoc(doc)), asked.other, doc), why: null });
  } catch (error) {
    tell({ found: null, why: whyOf(error) });
  }
}

function foundIn(difference: Difference, other: Side, doc: Doc): Found {
  const { specs } = useSpecs.getState();
  const before = isUi(other.json) ? loadDoc(other.json) : null;
  return {
    groups: groupsOf(difference, specs),
    marks: marksOf(difference),
    ghosts: ghostsOf(difference.only_a, before, doc, specs),
  };
}

async function openedTab(path: string): Promise<Tab | null> {
  await openSaved(path);
  const tab = activeTab(useWorkspace.getState());
  return tab.path === path ? tab : null; // else it could not be opened, which was told
}

function docOf(id: string): Doc | undefined {
  return useWorkspace.getState().tabs.find((tab) => tab.id === id)?.doc;
}
