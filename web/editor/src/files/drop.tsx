import { useEffect, useState } from "react";
import { middleOfView } from "../canvas/adding";
import { openAll } from "../canvas/dropping";
import { files as text } from "./strings";

/**
 * Files can be dropped anywhere on the page: else the browser would leave it, and show the file. The canvas takes those
 * dropped on it itself, and knows the place; what it, or a widget, took has its default prevented.
 */
export function DropTarget() {
  const [isOver, setOver] = useState(false);

  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false); // it left the window, not only an element
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (event.defaultPrevented || files.length === 0) return;
      event.preventDefault();
      void openAll(files, middleOfView());
    };
    window.addEventListener("dragover", over);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    // A widget keeps the drops that it takes to itself, so the hint goes before they get there.
    const hide = () => setOver(false);
    window.addEventListener("drop", hide, { capture: true });
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
      window.removeEventListener("drop", hide, { capture: true });
    };
  }, []);

  if (!isOver) return null;
  return (
    <p className="drop-hint" role="status">
      <span>{text.drop}</span>
    </p>
  );
}
