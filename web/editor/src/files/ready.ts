import type { Specs } from "../graph/types";
import { useSpecs, type SpecStore } from "../store/specs";

/** The node types, as soon as they are known; null if the server does not say. */
export function specsReady(): Promise<Specs | null> {
  return new Promise((resolve) => {
    const look = ({ specs, state }: SpecStore) => {
      if (state === "loading") return;
      stop();
      resolve(state === "ready" ? specs : null);
    };
    const stop = useSpecs.subscribe(look);
    look(useSpecs.getState());
  });
}
