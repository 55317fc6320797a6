import { create } from "zustand";
import type { NodeAccount } from "../api/types";

/** How the nodes of each tab's newest finished run came by their results: for "why did this run" and the heat map. */
export interface ExplainStore {
  readonly accounts: Readonly<Record<string, Readonly<Record<string, NodeAccount>>>>;
}

export const useExplain = create<ExplainStore>()(() => ({ accounts: {} }));

/** What became of a node, and why it ran if it did; undefined until a run of the tab has ended. */
export function useAccount(tab: string, node: string): NodeAccount | undefined {
  return useExplain((store) => store.accounts[tab]?.[node]);
}

export function tellAccounts(tab: string, accounts: Readonly<Record<string, NodeAccount>>): void {
  useExplain.setState((store) => ({ accounts: { ...store.accounts, [tab]: accounts } }));
}

export function forgetAccounts(tab: string): void {
  useExplain.setState(({ accounts: { [tab]: _, ...others } }) => ({ accounts: others }));
}
