import { useId, useRef } from "react";
import { useRemeasuring } from "./measure";

/** What is wrong, in place. It moves the sockets below it, so their wires have to follow. */
export function FaultNote({ text, id }: { text: string; id?: string }) {
  const own = useId();
  const element = useRef<HTMLParagraphElement>(null);
  useRemeasuring(element, text);
  return (
    <p ref={element} id={id ?? own} className="fault" role="alert">
      {text}
    </p>
  );
}
