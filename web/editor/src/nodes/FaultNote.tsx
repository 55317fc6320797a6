import { useUpdateNodeInternals } from "@xyflow/react";
import { useEffect, useId, type RefObject } from "react";
import { usePlace } from "./slices";

/** What is wrong, in place. It moves the sockets below it, so their wires have to follow. */
export function FaultNote({ text, id }: { text: string; id?: string }) {
  const place = usePlace();
  const update = useUpdateNodeInternals();
  const own = useId();
  useEffect(() => {
    update(place.id);
    return () => update(place.id);
  }, [place.id, text, update]);
  return (
    <p id={id ?? own} className="fault" role="alert">
      {text}
    </p>
  );
}

/** Wires follow their sockets when this element grows inside of a node that does not. */
export function useMovesSockets(element: RefObject<HTMLElement | null>, active: boolean): void {
  const { id } = usePlace();
  const update = useUpdateNodeInternals();
  useEffect(() => {
    if (!active || !element.current) return;
    const observer = new ResizeObserver(() => update(id));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [active, element, id, update]);
}
