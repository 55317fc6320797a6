import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { openConnect } from "./connect_list";
import { currentDoc } from "./selection";
import { t } from "./strings";
import { type End, joinOps, keyOf, useWire, whyNotHere, wireAt } from "./wire";

/** Wires by fingers: one tap takes the wire's one end, another its other. A mouse draws it, and a click lists what fits. */

/** A socket was clicked, or tapped. */
export function pressSocket(end: End, pointer: string | undefined): void {
  const { tapped } = useWire.getState();
  if (pointer !== "touch" && !tapped) openConnect(end.node, keyOf(end.handle));
  else if (!tapped) beginTap(end);
  else if (isSame(tapped.from, end)) listInstead();
  else endTap(tapped.from, end);
}

function beginTap(end: End): void {
  useWire.setState({ tapped: wireAt(end) });
}

function endTap(from: End, end: End): void {
  const reason = whyNotHere(from, end);
  if (reason !== null) return toast(reason, "error");
  useWorkspace.getState().edit(t.connect, joinOps(currentDoc(), useSpecs.getState().specs, from, end));
  cancelTap();
}

/** What the tapped socket fits, as a list: for a wire whose other end is out of sight. */
export function listInstead(): void {
  const { tapped } = useWire.getState();
  cancelTap();
  if (tapped) openConnect(tapped.from.node, keyOf(tapped.from.handle));
}

export function cancelTap(): void {
  if (useWire.getState().tapped) useWire.setState({ tapped: null });
}

function isSame(a: End, b: End): boolean {
  return a.node === b.node && keyOf(a.handle) === keyOf(b.handle);
}
