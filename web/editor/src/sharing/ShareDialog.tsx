import { useId, useState } from "react";
import type { Share } from "../api/sharing";
import { exactDate } from "../files/dates";
import { newestPicture } from "../files/thumbnails";
import { Dialog } from "../shell/Dialog";
import { useWorkspace, type Tab } from "../store/workspace";
import { copyLink, revoke, share, showShareDialog, useShares } from "./share_dialog";
import { linkTo } from "./shared";
import { sharing as text } from "./strings";
import "./sharing.css";

/** Makes a link to the workflow, and lists those that were made. */
export function ShareDialog() {
  const shown = useShares((store) => store.tab);
  const tab = useWorkspace(({ tabs }) => tabs.find(({ id }) => id === shown));
  if (!tab) return null;
  return (
    <Dialog open onOpenChange={() => void showShareDialog(null)} title={text.shareTitle(tab.name)}>
      <p className="muted">{text.shareText}</p>
      <Maker key={tab.id} tab={tab} />
      <ShareList />
    </Dialog>
  );
}

function Maker({ tab }: { tab: Tab }) {
  const hasPicture = newestPicture(tab.id) !== undefined;
  const [picture, setPicture] = useState(hasPicture);
  const [inputs, setInputs] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const made = useShares((store) => store.made);
  const make = () => {
    setBusy(true);
    void share(tab, { picture, inputs }).finally(() => setBusy(false));
  };
  return (
    <div className="share-maker">
      {hasPicture && <Check label={text.withPicture} checked={picture} onChange={setPicture} />}
      <Check label={text.withInputs} checked={inputs} onChange={setInputs} />
      <button type="button" className="btn primary" disabled={isBusy} onClick={make}>
        {text.makeLink}
      </button>
      {made && <Link token={made.token} />}
    </div>
  );
}

function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange(checked: boolean): void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

/** To be copied, by the button or by hand. */
function Link({ token }: { token: string }) {
  const id = useId();
  return (
    <div className="share-link">
      <label htmlFor={id}>{text.link}</label>
      <input id={id} type="text" readOnly value={linkTo(token)} onFocus={(event) => event.target.select()} />
      <button type="button" className="btn" onClick={() => void copyLink(token)}>
        {text.copyLink}
      </button>
    </div>
  );
}

function ShareList() {
  const shares = useShares((store) => store.shares);
  const id = useId();
  if (shares === null) return null;
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{text.shares}</h3>
      {shares.length === 0 && <p className="muted">{text.noShares}</p>}
      <ul className="rows">
        {shares.map((each) => (
          <ShareRow key={each.token} share={each} />
        ))}
      </ul>
    </section>
  );
}

function ShareRow({ share: each }: { share: Share }) {
  const { name, token, created, inputs } = each;
  return (
    <li>
      <span className="row-text">
        <a href={linkTo(token)} target="_blank" rel="noreferrer">
          {name}
        </a>
        <time className="muted" dateTime={created}>
          {exactDate(Date.parse(created))}
          {inputs.length > 0 && `, ${text.files(inputs.length)}`}
        </time>
      </span>
      <button
        type="button"
        className="btn small"
        aria-label={text.copyLinkOf(name)}
        onClick={() => void copyLink(token)}
      >
        {text.copyLink}
      </button>
      <button
        type="button"
        className="btn small danger"
        aria-label={text.revokeOf(name)}
        onClick={() => void revoke(each)}
      >
        {text.revoke}
      </button>
    </li>
  );
}
