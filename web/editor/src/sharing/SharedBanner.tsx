import { useEffect, useState } from "react";
import { address } from "../api/http";
import { toast } from "../shell/toast";
import { activeTab, useWorkspace } from "../store/workspace";
import { makeMine } from "./shared";
import { sharing as text } from "./strings";
import "./sharing.css";

/** Says over the canvas that what it shows is somebody else's, and offers to make it one's own. */
export function SharedBanner() {
  const id = useWorkspace((workspace) => activeTab(workspace).id);
  const name = useWorkspace((workspace) => activeTab(workspace).name);
  const shared = useWorkspace((workspace) => activeTab(workspace).shared);
  useEffect(startRefusing, []);
  return shared === undefined ? null : <Banner key={id} id={id} name={name} picture={shared.picture} />;
}

function Banner({ id, name, picture }: { id: string; name: string; picture: string | null }) {
  const [isBusy, setBusy] = useState(false);
  const take = () => {
    setBusy(true);
    void makeMine(id).finally(() => setBusy(false));
  };
  return (
    <section className="notice shared" aria-label={text.sharedWorkflow}>
      {picture && <img src={address(picture)} alt={text.picture(name)} />}
      <p>{text.banner(name)}</p>
      <button type="button" className="btn primary small" disabled={isBusy} onClick={take}>
        {text.makeMine}
      </button>
    </section>
  );
}

/** Whoever tries to change what is shared is told how that goes. What comes back ends it. */
function startRefusing(): () => void {
  return useWorkspace.subscribe(({ refused }, before) => {
    if (refused !== before.refused) toast(text.readOnly);
  });
}
