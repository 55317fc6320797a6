import * as Radix from "@radix-ui/react-dialog";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ask } from "../files/ask";
import { giveFocusBack } from "../shell/focus";
import { Icon } from "../shell/icons";
import { imageRef } from "../widgets/upload";
import { MaskStage } from "./MaskStage";
import { saveMask } from "./save";
import type { Session } from "./session";
import { editMask, useMaskEditor, type MaskTarget } from "./store";
import { t } from "./strings";
import { ToolPanel } from "./ToolPanel";
import { usePicture, type Opened } from "./usePicture";
import "./mask.css";

/** A picture over the whole page, to paint a mask on. */
export function MaskEditor() {
  const target = useMaskEditor((editor) => editor.target);
  return target && <Editor key={`${target.node} ${target.value}`} target={target} />;
}

function Editor({ target }: { target: MaskTarget }) {
  const dialog = useRef<HTMLDivElement>(null);
  const picture = usePicture(target.value);
  const opened = picture instanceof Error ? null : picture;
  const { state, save, leave } = useSaving(target, opened?.session);
  const name = imageRef(target.value)?.filename ?? target.value;

  return (
    <Radix.Root open onOpenChange={(open) => !open && leave()}>
      <Radix.Portal>
        <Radix.Content
          ref={dialog}
          className="mask-editor"
          aria-describedby={undefined}
          onCloseAutoFocus={giveFocusBack}
          onEscapeKeyDown={(event) => {
            if (!opened?.session.painting) return;
            event.preventDefault();
            opened.session.cancel();
          }}
        >
          <Bar name={name} opened={opened} state={state} onSave={save} />
          {opened && (
            <div className="mask-body">
              <ToolPanel session={opened.session} />
              <MaskStage {...opened} name={name} dialog={dialog} />
            </div>
          )}
          {picture === null && <p className="mask-note">{t.opening}</p>}
          {picture instanceof Error && (
            <p className="mask-note" role="alert">
              {t.cannotOpen(name, picture.message)}
            </p>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type Saving = "no" | "saving" | Error;

/** Saving and leaving. Leaving asks first, if there is something to lose. */
function useSaving(target: MaskTarget, session: Session | undefined) {
  const [state, setState] = useState<Saving>("no");
  useAsksBeforeUnload(session);
  const save = async () => {
    if (!session || state === "saving") return;
    setState("saving");
    try {
      await saveMask(target, session.mask);
      editMask(null);
    } catch (error) {
      setState(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const leave = async () => {
    if (!session?.history.changed) return editMask(null);
    const answers = [
      { id: "discard", label: t.discard, danger: true },
      { id: "save", label: t.save },
    ] as const;
    const reply = await ask({ title: t.leaveTitle, text: t.leaveText, answers });
    if (reply?.answer === "save") await save();
    if (reply?.answer === "discard") editMask(null);
  };
  return { state, save: () => void save(), leave: () => void leave() };
}

/** So does the browser, when the page is to be closed. */
function useAsksBeforeUnload(session: Session | undefined): void {
  useEffect(() => {
    const listen = (event: BeforeUnloadEvent) => {
      if (session?.history.changed) event.preventDefault();
    };
    window.addEventListener("beforeunload", listen);
    return () => window.removeEventListener("beforeunload", listen);
  }, [session]);
}

interface BarProps {
  name: string;
  opened: Opened | null;
  state: Saving;
  onSave(): void;
}

function Bar({ name, opened, state, onSave }: BarProps) {
  return (
    <header className="mask-bar">
      <Radix.Title asChild>
        <h2>{t.title(name)}</h2>
      </Radix.Title>
      {opened && <span className="muted">{t.pixels(opened.shown.width, opened.shown.height)}</span>}
      {state instanceof Error && (
        <p className="mask-complaint" role="alert">
          {t.cannotSave(state.message)}
        </p>
      )}
      <span className="mask-bar-end">
        {opened && <SaveButton session={opened.session} saving={state === "saving"} onSave={onSave} />}
        <Radix.Close className="icon-btn" aria-label={t.close}>
          <Icon name="close" />
        </Radix.Close>
      </span>
    </header>
  );
}

function SaveButton({ session, saving, onSave }: { session: Session; saving: boolean; onSave(): void }) {
  useSyncExternalStore(session.subscribe, session.version);
  return (
    <button
      type="button"
      className="btn primary"
      disabled={saving || !session.history.changed}
      onMouseDown={(event) => event.preventDefault()} // the focus stays where the keys are
      onClick={onSave}
    >
      {saving ? t.saving : t.save}
    </button>
  );
}
