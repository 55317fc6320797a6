import * as Radix from "@radix-ui/react-dialog";
import { useState } from "react";
import { giveFocusBack } from "../shell/focus";
import { Stage } from "./Stage";
import { Strip } from "./Strip";
import { t } from "./strings";
import { useViewer } from "./viewer_store";
import { ViewerBar } from "./ViewerBar";
import { ViewerFacts } from "./ViewerFacts";
import type { Size } from "./zoom";
import "./viewer.css";

/** Pictures over the whole page: one, or two with a divider between them. */
export function Viewer() {
  const open = useViewer((viewer) => viewer.open);
  const close = useViewer((viewer) => viewer.close);
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && close()}>
      <Radix.Portal>
        <Radix.Content
          className="viewer"
          aria-describedby={undefined}
          onOpenAutoFocus={focusItself}
          onCloseAutoFocus={giveFocusBack}
        >
          <Radix.Title className="visually-hidden">{t.viewer.title}</Radix.Title>
          <Opened />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Not the first button: Space would press it. */
function focusItself(event: Event): void {
  event.preventDefault();
  (event.currentTarget as HTMLElement).focus();
}

function Opened() {
  const { images, index, against } = useViewer();
  const [size, setSize] = useState<Size | null>(null);
  const shown = images[index];
  if (!shown) return null;

  return (
    <>
      <ViewerBar shown={shown} />
      <div className="viewer-middle">
        <Stage shown={shown} other={against === null ? undefined : images[against]} size={size} onSize={setSize} />
        <ViewerFacts shown={shown} size={size} />
      </div>
      {images.length > 1 && <Strip />}
    </>
  );
}
