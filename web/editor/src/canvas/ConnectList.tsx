import * as Dialog from "@radix-ui/react-dialog";
import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { typeColor } from "../nodes/color";
import { giveFocusBack } from "../shell/focus";
import { Icon } from "../shell/icons";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { choose, closeConnect, type Offer, offersOf, type Partner, titleOf, useConnectList } from "./connect_list";
import { match } from "./search";
import { t } from "./strings";
import { keyOf } from "./wire";

const MOST_SHOWN = 60;

/** What a node, or one socket of it, can be wired to; what is chosen is wired. */
export function ConnectList() {
  const open = useConnectList((store) => store.open);
  const doc = useWorkspace((workspace) => activeDoc(workspace));
  const specs = useSpecs((store) => store.specs);
  const offers = useMemo(() => (open ? offersOf(doc, specs, open) : []), [doc, specs, open]);
  return (
    <Dialog.Root open={open !== null} onOpenChange={(isOpen) => isOpen || closeConnect()}>
      {open && (
        <Dialog.Portal>
          <Dialog.Overlay className="add-node-overlay" />
          <Dialog.Content
            className="add-node connect-list"
            aria-describedby={undefined}
            onCloseAutoFocus={giveFocusBack}
          >
            <Dialog.Title className="connect-title">{t.connectTitle(titleOf(doc, specs, open.node))}</Dialog.Title>
            <Search offers={offers} />
          </Dialog.Content>
        </Dialog.Portal>
      )}
    </Dialog.Root>
  );
}

function Search({ offers }: { offers: readonly Offer[] }) {
  const [query, setQuery] = useState("");
  return (
    <Command shouldFilter={false} label={t.searchPartners} loop>
      <div className="add-node-field">
        <Command.Input value={query} onValueChange={setQuery} placeholder={t.searchPartners} autoFocus />
      </div>
      <Command.List>
        <Command.Empty>{query.trim() === "" ? t.noPartner : t.noPartnerFound(query)}</Command.Empty>
        {narrowed(offers, query).map((offer) => (
          <Group key={keyOf(offer.end.handle)} offer={offer} />
        ))}
      </Command.List>
    </Command>
  );
}

function Group({ offer }: { offer: Offer }) {
  return (
    <Command.Group
      heading={
        <span className="connect-socket">
          <i style={{ background: typeColor(offer.type) }} />
          {offer.name}
        </span>
      }
    >
      {offer.partners.slice(0, MOST_SHOWN).map((partner) => (
        <Choice key={`${partner.end.node} ${keyOf(partner.end.handle)}`} offer={offer} partner={partner} />
      ))}
    </Command.Group>
  );
}

function Choice({ offer, partner }: { offer: Offer; partner: Partner }) {
  const take = () => {
    closeConnect();
    choose(offer, partner);
  };
  return (
    <Command.Item value={`${keyOf(offer.end.handle)} ${partner.end.node} ${keyOf(partner.end.handle)}`} onSelect={take}>
      <span className="add-node-title">{partner.title}</span>
      <span className="add-node-category">{partner.name}</span>
      {partner.link !== null && (
        <span className="add-node-description">
          <Icon name="check" size={12} /> {t.connected}
        </span>
      )}
    </Command.Item>
  );
}

/** Each word is looked for in the socket's name, the other's, and its node's. */
function narrowed(offers: readonly Offer[], query: string): Offer[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return offers.flatMap((offer) => {
    const partners = offer.partners.filter(({ title, name }) =>
      words.every((word) => [offer.name, name, title].some((text) => match(text, word) > 0)),
    );
    return partners.length > 0 ? [{ ...offer, partners }] : [];
  });
}
