import * as Dialog from "@radix-ui/react-dialog";
import { Command } from "cmdk";
import { useState } from "react";
import { match } from "../canvas/search";
import { giveFocusBack } from "../shell/focus";
import { type Blueprint, closeBlueprints, insertBlueprint, useBlueprints } from "./blueprints";
import { t } from "./strings";

/** The blueprints to choose from; what is chosen is put on the canvas. */
export function BlueprintList() {
  const open = useBlueprints((store) => store.open);
  return (
    <Dialog.Root open={open} onOpenChange={(isOpen) => isOpen || closeBlueprints()}>
      {open && (
        <Dialog.Portal>
          <Dialog.Overlay className="add-node-overlay" />
          <Dialog.Content
            className="add-node connect-list"
            aria-describedby={undefined}
            onCloseAutoFocus={giveFocusBack}
          >
            <Dialog.Title className="connect-title">{t.insert}</Dialog.Title>
            <Search />
          </Dialog.Content>
        </Dialog.Portal>
      )}
    </Dialog.Root>
  );
}

function Search() {
  const all = useBlueprints((store) => store.all);
  const [query, setQuery] = useState("");
  const word = query.trim().toLowerCase();
  const found = (all ?? []).filter(({ name }) => word === "" || match(name, word) > 0);
  return (
    <Command shouldFilter={false} label={t.searchBlueprints} loop>
      <div className="add-node-field">
        <Command.Input value={query} onValueChange={setQuery} placeholder={t.searchBlueprints} autoFocus />
      </div>
      <Command.List>
        {all === null ? (
          <Command.Loading>{t.loading}</Command.Loading>
        ) : (
          <Command.Empty>{word === "" ? t.noBlueprints : t.noneFound(query)}</Command.Empty>
        )}
        {found.map((blueprint) => (
          <Choice key={blueprint.key} blueprint={blueprint} />
        ))}
      </Command.List>
    </Command>
  );
}

function Choice({ blueprint }: { blueprint: Blueprint }) {
  const insert = () => {
    closeBlueprints();
    void insertBlueprint(blueprint);
  };
  return (
    <Command.Item value={blueprint.key} onSelect={insert}>
      <span className="add-node-title">{blueprint.name}</span>
      <span className="add-node-category">{blueprint.origin}</span>
    </Command.Item>
  );
}
