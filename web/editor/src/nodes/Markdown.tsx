import { useMemo } from "react";
import { htmlOf } from "./markdown";

/** Loaded with the first note that needs it. */
export default function Markdown({ text }: { text: string }) {
  const html = useMemo(() => htmlOf(text), [text]);
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: html }} />;
}
