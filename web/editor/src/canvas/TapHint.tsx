import { useEffect } from "react";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { socketName, titleOf } from "./connect_list";
import { t } from "./strings";
import { cancelTap, listInstead } from "./tapping";
import { useWire } from "./wire";

/** After the first of two taps: what the second one does, and the other ways on. */
export function TapHint() {
  const tapped = useWire((store) => store.tapped);
  const tab = useWorkspace(({ active }) => active);
  const doc = useWorkspace(activeDoc);
  const specs = useSpecs((store) => store.specs);
  const from = tapped && doc.nodes[tapped.from.node] ? tapped.from : null;
  useEffect(() => cancelTap, [tab]);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => event.key === "Escape" && cancelTap();
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  if (!from) return null;
  return (
    <div className="tap-hint" role="group" aria-label={t.connect}>
      <span>{t.tapOther(titleOf(doc, specs, from.node), socketName(doc, from))}</span>
      <button type="button" className="btn small" onClick={listInstead}>
        {t.tapList}
      </button>
      <button type="button" className="btn small" onClick={cancelTap}>
        {t.tapCancel}
      </button>
    </div>
  );
}
