import { create } from "zustand";
import { HttpError, send } from "../api/http";
import { parseJson } from "../graph/json";
import type { NodeSpec, Specs } from "../graph/types";

/** The node types that the server has. */
export interface SpecStore {
  readonly specs: Specs;
  readonly state: "loading" | "ready" | "failed";
}

export const useSpecs = create<SpecStore>()(() => ({ specs: {}, state: "loading" }));

export function useSpec(type: string): NodeSpec | undefined {
  return useSpecs((store) => store.specs[type]);
}

let text = "";
let asking: Promise<void> | null = null;

/**
 * Ask for the node types; what is asked already is not asked again. What a server says a second time leaves all as it
 * is.
 */
export function loadSpecs(): Promise<void> {
  return (asking ??= ask().finally(() => {
    asking = null;
  }));
}

async function ask(): Promise<void> {
  try {
    const answer = await (await send("GET", "api/object_info")).text();
    if (answer !== text) useSpecs.setState({ specs: parseJson(answer) as Specs });
    text = answer;
    useSpecs.setState({ state: "ready" });
  } catch (error) {
    // Those known before still stand; the socket asks again when the server is back.
    if (useSpecs.getState().state !== "ready") useSpecs.setState({ state: "failed" });
    if (!(error instanceof HttpError)) throw error;
  }
}
