import { useEffect, useState } from "react";
import { api, HttpError } from "../api/client";
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
  const token = useWorkspace((workspace) => activeTab(workspace).shared);
  useEffect(startRefusing, []);
  return token === undefined ? null : <Banner key={token} id={id} name={name} token={token} />;
}

function Banner({ id, name, token }: { id: string; name: string; token: string }) {
  const [isBusy, setBusy] = useState(false);
  const picture = usePicture(token);
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

function usePicture(token: string): string | null {
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    api.shares.read(token).then(
      (share) => !gone && setPicture(share.picture),
      (error: unknown) => {
        if (!(error instanceof HttpError)) throw error; // revoked meanwhile: what was opened stays
      },
    );
    return () => {
      gone = true;
    };
  }, [token]);
  return picture;
}
