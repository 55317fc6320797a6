import { create } from "zustand";

/** A question in a dialog: a few answers, and perhaps a field. It can always be left without an answer. */
export interface Question {
  readonly title: string;
  readonly text?: string;
  /** The last is what Enter gives. */
  readonly answers: readonly [Answer, ...Answer[]];
  readonly field?: Field;
}

export interface Answer {
  readonly id: string;
  readonly label: string;
  readonly danger?: boolean;
}

export interface Field {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** What is wrong with a value; null if nothing is. */
  refuse(value: string): string | null;
}

export interface Reply {
  readonly answer: string;
  /** What the field held. */
  readonly value: string;
}

export interface Asked extends Question {
  reply(reply: Reply | null): void;
}

export const useQuestion = create<{ asked: Asked | null }>()(() => ({ asked: null }));

/** Ask the user; null if the dialog was left without an answer, or another question took its place. */
export function ask(question: Question): Promise<Reply | null> {
  useQuestion.getState().asked?.reply(null);
  return new Promise((resolve) => {
    const reply = (given: Reply | null) => {
      useQuestion.setState({ asked: null });
      resolve(given);
    };
    useQuestion.setState({ asked: { ...question, reply } });
  });
}

/** Ask whether something that destroys is really to be done; `yes` is what the button says. */
export async function confirm(title: string, text: string, yes: string): Promise<boolean> {
  return (await ask({ title, text, answers: [{ id: "yes", label: yes, danger: true }] })) !== null;
}
