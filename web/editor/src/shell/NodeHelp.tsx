import { titleOf } from "../canvas/search";
import { inputsOf } from "../graph/inputs";
import type { InputSpec, NodeSpec } from "../graph/types";
import { typeColor } from "../nodes/color";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { Panel } from "./Panel";
import { t } from "./strings";
import "./nodes.css";

/** What the selected node does, from the description that the server gives. */
export function NodeHelp() {
  return (
    <Panel title={t.shell.panels.help}>
      <OfSelected />
    </Panel>
  );
}

function OfSelected() {
  const type = useWorkspace((workspace) => {
    const [id, ...others] = workspace.selection.nodes;
    return id !== undefined && others.length === 0 ? activeDoc(workspace).nodes[id]?.type : undefined;
  });
  const spec = useSpecs((store) => (type === undefined ? undefined : store.specs[type]));
  if (type === undefined) return <p className="empty">{t.nodeHelp.nothing}</p>;
  if (!spec) return <p className="empty">{t.nodeHelp.unknown(type)}</p>;
  return <Help spec={spec} />;
}

function Help({ spec }: { spec: NodeSpec }) {
  const inputs = inputsOf(spec);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without controls, it could not be scrolled by keys
    <article className="node-help" aria-label={titleOf(spec)} tabIndex={0}>
      <h3>{titleOf(spec)}</h3>
      <p className="muted">
        <code>{spec.name}</code> {spec.category}
      </p>
      <p className="description">{spec.description || t.nodeHelp.noDescription}</p>
      {inputs.length > 0 && <h4>{t.nodeHelp.inputs}</h4>}
      <dl>
        {inputs.map((input) => (
          <InputHelp key={input.name} input={input} />
        ))}
      </dl>
      {spec.output.length > 0 && <h4>{t.nodeHelp.outputs}</h4>}
      <dl>
        {spec.output.map((type, slot) => (
          <div key={slot}>
            <dt>{spec.output_name[slot] ?? type}</dt>
            <dd>
              <TypeName type={type} /> {spec.output_is_list[slot] && t.nodeHelp.list}
            </dd>
          </div>
        ))}
      </dl>
    </article>
  );
}

function InputHelp({ input }: { input: InputSpec }) {
  const { default: initial, tooltip } = input.options;
  const facts = [
    input.optional && t.nodeHelp.optional,
    rangeOf(input),
    initial !== undefined && initial !== "" && typeof initial !== "object" && t.nodeHelp.initially(initial),
  ].filter(Boolean);
  return (
    <div>
      <dt>{input.name}</dt>
      <dd>
        <TypeName type={input.type} /> <span className="muted">{facts.join(", ")}</span>
        {typeof tooltip === "string" && <p>{tooltip}</p>}
      </dd>
    </div>
  );
}

/** Seeds go up to 2^64, which no reader needs to know. */
function rangeOf({ options: { min, max } }: InputSpec): string | null {
  if (typeof min !== "number" || (typeof max !== "number" && typeof max !== "bigint")) return null;
  return max > Number.MAX_SAFE_INTEGER ? t.nodeHelp.atLeast(min) : t.nodeHelp.range(min, Number(max));
}

function TypeName({ type }: { type: string }) {
  return (
    <span className="type-name">
      <i style={{ background: typeColor(type) }} />
      {type}
    </span>
  );
}
