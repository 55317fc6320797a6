import { useRef, useState } from "react";
import { handleId } from "../canvas/handles";
import { movePort, removePort, renamePort, type Port, type Side, sideOf } from "../graph/ports";
import type { Doc, DocNode, Op } from "../graph/types";
import { has } from "../nodes/linked";
import { useMeasured } from "../nodes/measure";
import { useLinked, usePlace } from "../nodes/slices";
import { Socket } from "../nodes/sockets";
import { Icon } from "../shell/icons";
import { activeDoc, useWorkspace } from "../store/workspace";
import { t } from "./strings";
import "./subgraphs.css";

/** What a subgraph takes, or gives, seen from inside: its ports, to be wired, renamed, put in order and removed. */
export function BorderNode({ node, selected }: { node: DocNode; selected: boolean }) {
  const side = sideOf(node.type);
  const place = usePlace();
  const linked = useLinked(place, side === "inputs" ? "out" : "in");
  const element = useRef<HTMLElement>(null);
  useMeasured(element, node);
  const ports = side === "inputs" ? node.outputs : node.inputs;
  return (
    <article ref={element} className="node border" aria-label={t.sides[side]} data-selected={selected || undefined}>
      <header className="node-header">
        <h3 className="node-title">{t.sides[side]}</h3>
      </header>
      <ul className="node-body">
        {ports.map((port, slot) => (
          <PortRow
            key={String(port.rest["id"] ?? port.name)}
            side={side}
            port={port}
            slot={slot}
            count={ports.length}
            linked={has(linked, slot)}
          />
        ))}
        <li className="port new" title={t.newPortHint}>
          <PortSocket side={side} slot={ports.length} name={t.newPort[side]} type="*" linked={false} />
          <span className="port-name">{t.newPort[side]}</span>
        </li>
      </ul>
    </article>
  );
}

interface SocketProps {
  readonly side: Side;
  readonly slot: number;
  readonly name: string;
  readonly type: string;
  readonly linked: boolean;
}

/** What the subgraph takes comes out of its border, and what it gives goes in. */
function PortSocket({ side, slot, ...dot }: SocketProps) {
  return side === "inputs" ? (
    <Socket id={handleId("out", slot)} side="out" {...dot} />
  ) : (
    <Socket id={handleId("in", slot)} side="in" {...dot} />
  );
}

interface RowProps {
  readonly side: Side;
  readonly port: Port;
  readonly slot: number;
  readonly count: number;
  readonly linked: boolean;
}

function PortRow({ side, port: { name, type }, slot, count, linked }: RowProps) {
  const [isRenamed, setRenamed] = useState(false);
  const rename = (to: string) => {
    setRenamed(false);
    if (to.trim() !== "") change(t.renamePort(name), (level) => renamePort(level, side, slot, to.trim()));
  };
  return (
    <li className="port">
      <PortSocket side={side} slot={slot} name={name} type={type} linked={linked} />
      {isRenamed ? (
        <NameField name={name} onEnd={rename} />
      ) : (
        <button
          type="button"
          className="port-name nodrag"
          aria-label={t.renamePort(name)}
          onClick={() => setRenamed(true)}
        >
          {name}
        </button>
      )}
      <Action
        label={t.moveUp(name)}
        icon="up"
        disabled={slot === 0}
        edit={(level) => movePort(level, side, slot, slot - 1)}
      />
      <Action
        label={t.moveDown(name)}
        icon="down"
        disabled={slot === count - 1}
        edit={(level) => movePort(level, side, slot, slot + 1)}
      />
      <Action label={t.removePort(name)} icon="close" edit={(level) => removePort(level, side, slot)} />
    </li>
  );
}

interface ActionProps {
  readonly label: string;
  readonly icon: "up" | "down" | "close";
  readonly disabled?: boolean;
  edit(level: Doc): Op[];
}

function Action({ label, icon, disabled = false, edit }: ActionProps) {
  return (
    <button
      type="button"
      className="port-action nodrag"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => change(label, edit)}
    >
      <Icon name={icon} size={12} />
    </button>
  );
}

function NameField({ name, onEnd }: { name: string; onEnd(name: string): void }) {
  const [draft, setDraft] = useState(name);
  return (
    <input
      type="text"
      className="port-name nodrag"
      aria-label={t.portName}
      autoFocus
      value={draft}
      onFocus={({ target }) => target.select()}
      onChange={({ target }) => setDraft(target.value)}
      onBlur={() => onEnd(draft)}
      onKeyDown={(event) => {
        if (event.key === "Enter") onEnd(draft);
        if (event.key === "Escape") onEnd(name);
      }}
    />
  );
}

function change(label: string, edit: (level: Doc) => Op[]): void {
  const workspace = useWorkspace.getState();
  workspace.edit(label, edit(activeDoc(workspace)));
}
