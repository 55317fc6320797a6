import { useId } from "react";
import { Dialog } from "./Dialog";
import { useDialog } from "./dialogs";
import { type Embed, useSettings, type Settings, type Theme } from "./settings";
import { t } from "./strings";
import "./dialogs.css";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const EMBEDS: readonly Embed[] = ["full", "recipe", "none"];

export function SettingsDialog() {
  return (
    <Dialog {...useDialog("settings")} title={t.settings.title}>
      <div className="settings">
        <Choice of="theme" label={t.settings.theme} values={THEMES} named={t.settings.themes} />
        <Switch of="snap" label={t.settings.snap} hint={t.settings.snapHint} />
        <Switch of="minimap" label={t.settings.minimap} />
        <Switch of="previews" label={t.settings.previews} hint={t.settings.previewsHint} />
        <Choice of="embed" label={t.settings.embed} values={EMBEDS} named={t.settings.embeds} />
        <Switch of="notify" label={t.settings.notify} hint={t.settings.notifyHint} />
        <Switch of="confirmClose" label={t.settings.confirmClose} />
        <p className="muted">{t.settings.shared}</p>
      </div>
    </Dialog>
  );
}

interface Choosing<K extends "theme" | "embed"> {
  readonly of: K;
  readonly label: string;
  readonly values: readonly Settings[K][];
  readonly named: Readonly<Record<Settings[K], string>>;
}

function Choice<K extends "theme" | "embed">({ of, label, values, named }: Choosing<K>) {
  const chosen = useSettings((settings) => settings[of]);
  return (
    <fieldset className="segments">
      <legend>{label}</legend>
      <div>
        {values.map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={of}
              checked={value === chosen}
              onChange={() => useSettings.setState({ [of]: value })}
            />
            <span>{named[value]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

type Flag = { [K in keyof Settings]: Settings[K] extends boolean ? K : never }[keyof Settings];

function Switch({ of, label, hint }: { of: Flag; label: string; hint?: string }) {
  const on = useSettings((settings) => settings[of]);
  const hintId = useId();
  return (
    <div className="switch">
      <label>
        <input
          type="checkbox"
          checked={on}
          aria-describedby={hint && hintId}
          onChange={(event) => useSettings.setState({ [of]: event.target.checked })}
        />
        {label}
      </label>
      {hint && (
        <p id={hintId} className="muted">
          {hint}
        </p>
      )}
    </div>
  );
}
