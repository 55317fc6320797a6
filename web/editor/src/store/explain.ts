import { create } from "zustand";
import type { NodeAccount } from "../api/types";

/** How the nodes of each tab's newest finished run came by their results: for "why did this run" and the heat map. */
export interface ExplainStore {
  readonly accounts: Readonly<Record<string, Readonly<Record<string, NodeAccount>>>>;
  /** The seconds that each node of a tab took when it ran last, be that runs ago: what is still to come is told by them. */
  readonly took: Readonly<Record<string, Times>>;
}

export type Times = Readonly<Record<string, number>>;

export const useExplain = create<ExplainStore>()(() => ({ accounts: {}, took: {} }));

/** What became of a node, and why it ran if it did; undefined until a run of the tab has ended. */
export function useAccount(tab: string, node: string): NodeAccount | undefined {
  return useExplain((store) => store.accounts[tab]?.[node]);
}

export function tellAccounts(tab: string, accounts: Readonly<Record<string, NodeAccount>>): void {
  const ran = Object.entries(accounts).filter(([, { how }]) => how === "ran");
  const times = Object.fromEntries(ran.map(([id, { seconds }]) => [id, seconds]));
  useExplain.setState((store) => ({
    accounts: { ...store.accounts, [tab]: accounts },
    took: { ...store.took, [tab]: { ...store.took[tab], ...times } },
  }));
}

export function forgetAccounts(tab: string): void {
  useExplain.setState(({ accounts: { [tab]: _, ...accounts }, took: { [tab]: __, ...took } }) => ({ accounts, took }));
}
