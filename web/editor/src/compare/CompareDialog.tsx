import { Command } from "cmdk";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Version } from "../api/sharing";
import { pickFiles } from "../files/pick";
import { refreshLibrary, useLibrary } from "../files/library";
import { placeOf } from "../files/names";
import { whyOf } from "../files/why";
import { whenOf } from "../sharing/versions";
import { Dialog } from "../shell/Dialog";
import { useWorkspace, type Tab } from "../store/workspace";
import { ofFile, ofSaved, ofTab, ofVersion, type Side } from "./sides";
import { chooseOther, compareWith, useCompare } from "./store";
import { t } from "./strings";
import "./compare.css";

/** With what a workflow is compared: another one that is open or saved, what it was before, or a file. */
export function CompareDialog() {
  const choosing = useCompare((store) => store.choosing);
  const tab = useWorkspace(({ tabs }) => tabs.find(({ id }) => id === choosing));
  if (!tab) return null;
  return (
    <Dialog open onOpenChange={() => chooseOther(null)} title={t.chooseTitle(tab.name)}>
      <Command label={t.search} className="compare-choice" loop>
        <Command.Input placeholder={t.search} autoFocus />
        <Command.List>
          <Command.Empty>{t.nothing}</Command.Empty>
          <Command.Group heading={t.fromDisk}>
            <Command.Item onSelect={() => fromDisk(tab)}>{t.file}</Command.Item>
          </Command.Group>
          <OpenOnes tab={tab} />
          {tab.path !== null && <Versions tab={tab} path={tab.path} />}
          <SavedOnes tab={tab} />
        </Command.List>
      </Command>
    </Dialog>
  );
}

function fromDisk({ id }: Tab): void {
  chooseOther(null);
  pickFiles(false, (file) => compareWith(id, file.name, () => ofFile(file)));
}

function OpenOnes({ tab }: { tab: Tab }) {
  const others = useWorkspace(({ tabs }) => tabs).filter(({ id }) => id !== tab.id);
  if (others.length === 0) return null;
  return (
    <Command.Group heading={t.tabs}>
      {others.map((each) => (
        <Choice key={each.id} id={each.id} tab={tab} name={each.name} side={async () => ofTab(each)} />
      ))}
    </Command.Group>
  );
}

function Versions({ tab, path }: { tab: Tab; path: string }) {
  const [versions, setVersions] = useState<readonly Version[]>([]);
  const [why, setWhy] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    api.versions.list(placeOf(path)).then(
      (found) => current && setVersions(found.versions),
      (error: unknown) => current && setWhy(whyOf(error)),
    );
    return () => {
      current = false;
    };
  }, [path]);
  if (why !== null) return <p role="alert">{t.noVersions(why)}</p>; // there are others to compare with
  if (versions.length === 0) return null;
  return (
    <Command.Group heading={t.versions}>
      {versions.map((version) => (
        <Choice
          key={version.id}
          id={version.id}
          tab={tab}
          name={version.name ?? whenOf(version)}
          note={version.name ? whenOf(version) : ""}
          side={() => ofVersion(path, version)}
        />
      ))}
    </Command.Group>
  );
}

function SavedOnes({ tab }: { tab: Tab }) {
  const files = useLibrary((library) => library.files);
  useEffect(() => void refreshLibrary(), []);
  if (files.length === 0) return null;
  return (
    <Command.Group heading={t.library}>
      {files.map(({ path }) => (
        <Choice key={path} id={path} tab={tab} name={placeOf(path)} side={() => ofSaved(path)} />
      ))}
    </Command.Group>
  );
}

function Choice({
  id,
  tab,
  name,
  note = "",
  side,
}: {
  id: string;
  tab: Tab;
  name: string;
  note?: string;
  side(): Promise<Side>;
}) {
  return (
    <Command.Item value={`${name} ${id}`} onSelect={() => void compareWith(tab.id, name, side)}>
      <span>{name}</span>
      {note && <span className="muted">{note}</span>}
    </Command.Item>
  );
}
