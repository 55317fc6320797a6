import { useEffect, useState } from "react";
import { HttpError } from "../api/client";
import { Dialog } from "../shell/Dialog";
import { Icon } from "../shell/icons";
import { exactDate, shortDate } from "./dates";
import type { DraftFile } from "./draft";
import { discardOffers, dismissOffers, openOffers, readOffer, showOffers, useOffers } from "./offers";
import { files as text } from "./strings";
import "./offers.css";

/** Says that there is unsaved work from elsewhere, and lists it when asked to. */
export function OfferBanner() {
  const { offers, told, open } = useOffers();
  const newest = offers[0];
  return (
    <>
      {newest && !told && (
        <div className="notice" role="status">
          <p>{text.offer(offers.length, shortDate(newest.modified))}</p>
          <button type="button" className="btn small" onClick={() => showOffers(true)}>
            {text.offerShow}
          </button>
          <button type="button" className="icon-btn small" aria-label={text.notNow} onClick={dismissOffers}>
            <Icon name="close" />
          </button>
        </div>
      )}
      <Dialog open={open} onOpenChange={showOffers} title={text.offerTitle}>
        <OfferList offers={offers} />
      </Dialog>
    </>
  );
}

function OfferList({ offers }: { offers: readonly DraftFile[] }) {
  if (offers.length === 0) return <p className="muted">{text.noOffers}</p>;
  return (
    <>
      <p className="muted">{text.offerText}</p>
      <ul className="offers">
        {offers.map((offer) => (
          <OfferRow key={offer.path} offer={offer} isOnly={offers.length === 1} />
        ))}
      </ul>
      <div className="dialog-actions">
        <button type="button" className="btn quiet" onClick={dismissOffers}>
          {text.notNow}
        </button>
        <button type="button" className="btn danger" onClick={() => void discardOffers(offers)}>
          {text.discardAll(offers.length)}
        </button>
        <button type="button" className="btn primary" onClick={() => void openOffers(offers)}>
          {text.openAll(offers.length)}
        </button>
      </div>
    </>
  );
}

/** The only one needs no buttons of its own: those of all are its. */
function OfferRow({ offer, isOnly }: { offer: DraftFile; isOnly: boolean }) {
  const name = useName(offer);
  return (
    <li>
      <span className="offer-text">
        <span>{name ?? text.loading}</span>
        <time className="muted" dateTime={new Date(offer.modified).toISOString()}>
          {exactDate(offer.modified)}
        </time>
      </span>
      {!isOnly && <OfferButtons offer={offer} name={name ?? ""} />}
    </li>
  );
}

function OfferButtons({ offer, name }: { offer: DraftFile; name: string }) {
  return (
    <>
      <button
        type="button"
        className="btn small danger"
        aria-label={text.discardName(name)}
        onClick={() => void discardOffers([offer])}
      >
        {text.offerDiscard}
      </button>
      <button
        type="button"
        className="btn small"
        aria-label={text.openName(name)}
        onClick={() => void openOffers([offer])}
      >
        {text.open}
      </button>
    </>
  );
}

/** What the workflow is called: that is in the draft itself. */
function useName(offer: DraftFile): string | null {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    readOffer(offer).then(
      (draft) => !gone && setName(draft?.tab.name ?? text.unreadable),
      (error: unknown) => {
        if (!(error instanceof HttpError)) throw error;
        if (!gone) setName(text.unreadable);
      },
    );
    return () => {
      gone = true;
    };
  }, [offer]);
  return name;
}
