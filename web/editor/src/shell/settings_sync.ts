import { HttpError, json, send } from "../api/http";
import { useRun } from "../store/run";
import { DEFAULTS, fits, useSettings, type Settings } from "./settings";

type Key = keyof Settings;

const PREFIX = "wireloom.";
const STORED = "wireloom.settings";
const UNSENT = "wireloom.settings.unsent";
/** Where one works at the moment, not what one likes; and what each browser has to allow for itself. */
const OWN: ReadonlySet<Key> = new Set(["panel", "notify"]);
const SHARED = (Object.keys(DEFAULTS) as Key[]).filter((key) => !OWN.has(key));

/**
 * What the user likes is kept on the server, so that it is the same in any browser; this browser's copy is for an
 * instant start, and for changes while the server is away: those are sent when it is back. What comes back ends it.
 */
export function startSettingsSync(): () => void {
  let taking = false;
  const take = (found: Partial<Settings>) => {
    taking = true;
    useSettings.setState(found);
    taking = false;
  };
  const onChange = (now: Settings, before: Settings) => {
    const changed = SHARED.filter((key) => now[key] !== before[key]);
    if (taking || changed.length === 0) return;
    note([...unsent(), ...changed]);
    void attempt(sendUnsent);
  };
  const meet = async () => {
    const found = await json<Record<string, unknown>>("GET", "api/settings");
    const now = useSettings.getState();
    const known = SHARED.filter((key) => fits(key, found[PREFIX + key]) && !unsent().includes(key));
    take(Object.fromEntries(known.map((key) => [key, found[PREFIX + key]])));
    const news = SHARED.filter((key) => !(PREFIX + key in found) && now[key] !== DEFAULTS[key]);
    note([...unsent(), ...news]);
    await sendUnsent();
  };
  const onStorage = ({ key, newValue }: StorageEvent) => {
    if (key === STORED && newValue !== null) take(sharedIn(newValue)); // another window of this browser
  };
  const stops = [
    useSettings.subscribe(onChange),
    useRun.subscribe(({ connection }, before) => {
      if (connection === "open" && before.connection !== "open") void attempt(meet);
    }),
    () => window.removeEventListener("storage", onStorage),
  ];
  window.addEventListener("storage", onStorage);
  return () => stops.forEach((stop) => stop());
}

async function sendUnsent(): Promise<void> {
  const keys = unsent();
  if (keys.length === 0) return;
  const sent = useSettings.getState();
  await send("POST", "api/settings", { body: Object.fromEntries(keys.map((key) => [PREFIX + key, sent[key]])) });
  const now = useSettings.getState();
  note(unsent().filter((key) => !keys.includes(key) || now[key] !== sent[key]));
}

/** Changes that the server does not have. */
function unsent(): Key[] {
  const noted = JSON.parse(localStorage.getItem(UNSENT) ?? "[]") as Key[];
  return noted.filter((key) => SHARED.includes(key));
}

function note(keys: readonly Key[]): void {
  if (keys.length === 0) localStorage.removeItem(UNSENT);
  else localStorage.setItem(UNSENT, JSON.stringify([...new Set(keys)]));
}

function sharedIn(stored: string): Partial<Settings> {
  const { state = {} } = JSON.parse(stored) as { state?: Partial<Settings> };
  return Object.fromEntries(SHARED.filter((key) => fits(key, state[key])).map((key) => [key, state[key]]));
}

async function attempt(task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error; // noted as unsent, and sent when the server is back
  }
}
