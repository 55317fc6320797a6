import { memo } from "react";
import { typeColor } from "../nodes/color";
import { Icon } from "../shell/icons";
import { BYPASSED, MUTED } from "../graph/types";
import type { Place } from "../nodes/slices";
import { isWithin, useNodeRun, useRun, type Fault } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { enterLine } from "./actions";
import { LineField } from "./LineField";
import type { NodeLine, Row } from "./rows";
import { goToLine, toggleLine, useOutline } from "./store";
import { t } from "./strings";

interface Props {
  tab: string;
  /** What the ids of its nodes begin with at the server. */
  prefix: string;
  row: Row;
  at: number;
  active: boolean;
  top: number;
  measure(element: HTMLElement | null): void;
}

/** One line of the outline. A click makes it the active one, a double click does what Enter does. */
export const Line = memo(function Line({ tab, prefix, row, at, active, top, measure }: Props) {
  const isEditing = useOutline((outline) => outline.editing === row.key);
  const isSelected = useWorkspace(({ selection }) => selection.nodes.includes(row.node)) && row.kind === "node";
  const place = { tab, id: row.node, run: `${prefix}${row.node}` };
  const notes = useNotes(place, row);
  const text = row.kind === "node" ? notes.join(", ") : row.kind === "link" ? "" : row.text;
  return (
    <div
      ref={measure}
      role="treeitem"
      className="outline-line"
      aria-label={nameOf(row, notes)}
      aria-level={row.level}
      aria-posinset={row.at}
      aria-setsize={row.of}
      aria-expanded={row.open}
      aria-selected={row.kind === "node" ? isSelected : undefined}
      tabIndex={active ? 0 : -1}
      data-index={at}
      data-kind={row.kind}
      data-fault={notes.length > 0 && row.kind !== "node" ? true : undefined}
      style={{ top }}
      onFocus={(event) => event.target === event.currentTarget && !active && goToLine(row.key, at)}
      onPointerDown={(event) => event.target instanceof Element && !isEditing && goToLine(row.key, at)}
      onDoubleClick={() => isEditing || enterLine(row)}
    >
      <Twig row={row} />
      <span className="outline-name">{row.name}</span>
      {isEditing ? (
        <LineField place={place} row={row} />
      ) : (
        row.kind !== "link" && <span className="outline-text">{text}</span>
      )}
    </div>
  );
});

/** What opens and closes it by a pointer, and in which colour its wires are. */
function Twig({ row }: { row: Row }) {
  if (row.open === undefined) return <Dot row={row} />;
  return (
    <i className="outline-twig" aria-hidden="true" onClick={() => toggleLine(row.key)}>
      <Icon name={row.open ? "down" : "chevron"} size={12} />
    </i>
  );
}

function Dot({ row }: { row: Row }) {
  const type = row.kind === "link" || row.kind === "input" ? row.link?.type : undefined;
  return <i className="outline-dot" aria-hidden="true" style={type ? { background: typeColor(type) } : undefined} />;
}

/** How it does: of a node its mode, run and problems, of an input what is wrong with it. */
function useNotes({ tab, run: id }: Place, row: Row): readonly string[] {
  const state = useNodeRun(tab, id)?.state;
  const faults = useRun((run) =>
    faultsAt(
      (run.faults[tab] ?? []).filter((fault) => (row.kind === "node" ? isWithin(fault, id) : fault.node === id)),
      row,
    ),
  );
  if (row.kind === "input") return faults === "" ? [] : [faults];
  if (row.kind !== "node") return [];
  return [modeText(row), state ? t.states[state] : "", faults].filter(Boolean);
}

/** As text, which compares by value: the node's line says how many there are, an input's line which. */
function faultsAt(own: readonly Fault[], row: Row): string {
  if (row.kind === "node") return own.length > 0 ? t.problems(own.length) : "";
  return own.find((fault) => row.kind === "input" && fault.input === row.name)?.message ?? "";
}

function modeText({ mode }: NodeLine): string {
  return mode === MUTED ? t.muted : mode === BYPASSED ? t.bypassed : "";
}

function nameOf(row: Row, notes: readonly string[]): string {
  if (row.kind === "link") return row.name;
  if (row.kind === "node") return [row.name, ...notes].join(", ");
  if (row.kind === "output") return t.output(row.name, row.text);
  return [t.input(row.name, row.text), ...notes].join(", ");
}
