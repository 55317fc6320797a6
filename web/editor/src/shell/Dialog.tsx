import * as Radix from "@radix-ui/react-dialog";
import type { ReactNode } from "react";
import { giveFocusBack } from "./focus";
import { Icon } from "./icons";
import { t } from "./strings";

interface Props {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  wide?: boolean;
  children: ReactNode;
}

/** A modal dialog with a title and a way out. */
export function Dialog({ open, onOpenChange, title, wide = false, children }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="dialog-overlay" />
        <Radix.Content
          className={wide ? "dialog wide" : "dialog"}
          aria-describedby={undefined}
          onCloseAutoFocus={giveFocusBack}
        >
          <header className="dialog-header">
            <Radix.Title className="dialog-title">{title}</Radix.Title>
            <Radix.Close className="icon-btn" aria-label={t.shell.close}>
              <Icon name="close" />
            </Radix.Close>
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
