import { useOffers } from "../files/offers";
import { showTemplates } from "../files/templates";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { Icon } from "./icons";
import { t } from "./strings";
import { endWelcome, useWelcome } from "./welcome";

/** How to begin, over the canvas, until the first run or until it is closed. */
export function Welcome() {
  const done = useWelcome((store) => store.done);
  const isReady = useSpecs((store) => store.state === "ready");
  const isEmpty = useWorkspace((workspace) => activeTab(workspace).doc.order.length === 0);
  const isOffered = useOffers(({ offers, told }) => offers.length > 0 && !told); // who left work knows how to begin
  if (done || !isReady || isEmpty || isOffered) return null;
  return (
    <aside className="notice" aria-label={t.welcome.title}>
      <p>{t.welcome.text}</p>
      <button type="button" className="btn small" onClick={() => showTemplates(true)}>
        {t.welcome.templates}
      </button>
      <button type="button" className="icon-btn small" aria-label={t.welcome.close} onClick={endWelcome}>
        <Icon name="close" />
      </button>
    </aside>
  );
}
