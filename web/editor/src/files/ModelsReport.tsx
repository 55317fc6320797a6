import type { FoundFile } from "../api/verifying";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { renameModel } from "./models";
import { files as text } from "./strings";

/** Model files that are not as they were when the picture was saved. What is here in place of one is used if one says so. */
export function ModelsReport({ tab, models }: { tab: string; models: readonly FoundFile[] }) {
  return (
    <section className="missing">
      <h3>{text.changedModels}</h3>
      <ul>
        {models.map((model) => (
          <li key={`${model.folder}/${model.name}`}>
            <span className="missing-file">
              <strong>{text.foundAs[model.found]}</strong>
              <span>{model.text}</span>
            </span>
            <UseIt tab={tab} model={model} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function UseIt({ tab: id, model: { name, here, found } }: { tab: string; model: FoundFile }) {
  const tab = useWorkspace(({ tabs }) => tabs.find((each) => each.id === id));
  const specs = useSpecs((store) => store.specs);
  if (!tab || here === null || here === name) return null;
  const ops = renameModel(tab.doc, specs, name, here);
  if (ops.length === 0) return null; // no input names it any more
  const label = found === "renamed" ? text.useIt : text.useOther;
  const use = () => {
    const { activate, editWhole } = useWorkspace.getState();
    activate(id);
    editWhole(text.useModel(here), ops);
  };
  return (
    <button type="button" className="btn" aria-label={text.useNamed(label, here)} onClick={use}>
      {label}
    </button>
  );
}
