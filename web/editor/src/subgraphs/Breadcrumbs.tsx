import { usesOf } from "../graph/definitions";
import { titlesTo } from "../graph/within";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { makeEnteredUnique } from "./actions";
import { leaveTo } from "./entering";
import { t } from "./strings";
import "./subgraphs.css";

/** Inside of a subgraph: the way there, each step of it a way back, and what else is changed by what is changed here. */
export function Breadcrumbs() {
  const tab = useWorkspace(activeTab);
  const { path, subgraph } = placeOf(tab);
  if (subgraph === null) return null;
  const uses = usesOf(tab.doc, subgraph);
  return (
    <div className="breadcrumbs">
      <nav aria-label={t.path}>
        <ol>
          {[tab.name, ...titlesTo(tab.doc, path)].map((title, depth) => (
            <li key={depth}>
              {depth === path.length ? (
                <span aria-current="location">{title}</span>
              ) : (
                <button type="button" onClick={() => leaveTo(depth)}>
                  {title}
                </button>
              )}
            </li>
          ))}
        </ol>
      </nav>
      {uses > 1 && (
        <p role="status">
          {t.shared(uses)}
          <button type="button" className="btn small" onClick={makeEnteredUnique}>
            {t.unique}
          </button>
        </p>
      )}
    </div>
  );
}
