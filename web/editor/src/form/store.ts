import { create } from "zustand";
import type { Field, Values } from "./fields";
import type { Progress } from "./progress";
import { NONE, type Refusals } from "./refusals";
import type { FormJob, Signature } from "./types";

/** The form of one workflow. */
export interface FormStore {
  readonly state: "loading" | "ready" | "failed";
  /** Why there is no form. */
  readonly why: string;
  readonly workflow: Signature | null;
  readonly fields: readonly Field[];
  readonly values: Values;
  /** The seeds that get another number before each run. */
  readonly fresh: ReadonlySet<string>;
  readonly refusals: Refusals;
  /** The job that is under way; its id is missing until the server has taken it. */
  readonly running: { readonly id?: string; readonly progress: Progress } | null;
  /** The run whose outputs are shown. */
  readonly shown: FormJob | null;
  /** Runs that have ended, newest first. */
  readonly past: readonly FormJob[];
  /** The cursor of those before them; null if these are all. */
  readonly next: string | null;
  /** What is told to who cannot see it. */
  readonly said: string;
}

export const EMPTY: FormStore = {
  state: "loading",
  why: "",
  workflow: null,
  fields: [],
  values: {},
  fresh: new Set(),
  refusals: NONE,
  running: null,
  shown: null,
  past: [],
  next: null,
  said: "",
};

export const useForm = create<FormStore>()(() => EMPTY);

/** Change a field. What was wrong with it may be right now. */
export function setValue(name: string, value: unknown): void {
  const { values, refusals } = useForm.getState();
  const { [name]: _, ...others } = refusals.fields;
  useForm.setState({ values: { ...values, [name]: value }, refusals: { ...refusals, fields: others } });
}

/** Whether a seed gets another number before each run. */
export function setFresh(name: string, on: boolean): void {
  const fresh = new Set(useForm.getState().fresh);
  if (on) fresh.add(name);
  else fresh.delete(name);
  useForm.setState({ fresh });
}
