import { useId } from "react";
import { Dialog } from "./Dialog";
import { useDialog } from "./dialogs";
import { useSettings, type Settings, type Theme } from "./settings";
import { t } from "./strings";
import "./dialogs.css";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function SettingsDialog() {
  return (
    <Dialog {...useDialog("settings")} title={t.settings.title}>
      <div className="settings">
        <ThemeChoice />
        <Switch of="snap" label={t.settings.snap} hint={t.settings.snapHint} />
        <Switch of="minimap" label={t.settings.minimap} />
        <Switch of="previews" label={t.settings.previews} hint={t.settings.previewsHint} />
        <Switch of="notify" label={t.settings.notify} hint={t.settings.notifyHint} />
        <Switch of="confirmClose" label={t.settings.confirmClose} />
        <p className="muted">{t.settings.shared}</p>
      </div>
    </Dialog>
  );
}

function ThemeChoice() {
  const chosen = useSettings((settings) => settings.theme);
  return (
    <fieldset className="segments">
      <legend>{t.settings.theme}</legend>
      <div>
        {THEMES.map((theme) => (
          <label key={theme}>
            <input
              type="radio"
              name="theme"
              checked={theme === chosen}
              onChange={() => useSettings.setState({ theme })}
            />
            <span>{t.settings.themes[theme]}</span>
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
