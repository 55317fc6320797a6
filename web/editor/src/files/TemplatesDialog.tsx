import { useEffect, useState } from "react";
import { api, HttpError } from "../api/client";
import type { Template } from "../api/types";
import { Dialog } from "../shell/Dialog";
import { openAddress } from "./open";
import { files as text } from "./strings";
import { showTemplates, useTemplates } from "./templates";
import "./templates.css";

/** The workflows that come along, each with its picture. */
export function TemplatesDialog() {
  const open = useTemplates((store) => store.open);
  return (
    <Dialog open={open} onOpenChange={showTemplates} title={text.templates} wide>
      <p className="muted">{text.templatesText}</p>
      <Gallery />
    </Dialog>
  );
}

/** Asks when it is first shown, that is when the dialog opens. */
function Gallery() {
  const [found, setFound] = useState<readonly Template[] | "failed" | null>(null);
  useEffect(() => {
    let gone = false;
    api.templates().then(
      (templates) => !gone && setFound(templates),
      (error: unknown) => {
        if (!(error instanceof HttpError)) throw error;
        if (!gone) setFound("failed");
      },
    );
    return () => {
      gone = true;
    };
  }, []);

  if (found === null) return <p className="empty">{text.loading}</p>;
  if (found === "failed") return <p className="empty">{text.templatesFailed}</p>;
  return (
    <ul className="templates">
      {found.map((template) => (
        <li key={template.name}>
          <Card template={template} />
        </li>
      ))}
    </ul>
  );
}

function Card({ template }: { template: Template }) {
  const { title, description, picture, workflow } = template;
  const choose = () => {
    showTemplates(false);
    void openAddress(workflow, title);
  };
  return (
    <button type="button" className="template" aria-label={text.template(title)} onClick={choose}>
      <img src={picture} alt="" loading="lazy" width={256} height={256} />
      <strong>{title}</strong>
      <span className="muted">{description}</span>
    </button>
  );
}
