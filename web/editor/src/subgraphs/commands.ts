import { type Command, registerCommand } from "../shell/commands";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { make, makeSelectedUnique, rename, selectedSubgraph, unpackSelected, usesOfNode } from "./actions";
import { openBlueprints, saveBlueprint } from "./blueprints";
import { enter, leave } from "./entering";
import { t } from "./strings";

/** Make the commands of subgraphs known. What comes back takes them away. */
export function registerSubgraphCommands(): () => void {
  const unregister = commands().map(registerCommand);
  return () => unregister.forEach((undo) => undo());
}

const isInside = () => placeOf(activeTab(useWorkspace.getState())).path.length > 0;
const isSubgraph = () => selectedSubgraph() !== null;
const hasNodes = () => useWorkspace.getState().selection.nodes.length > 0;

function commands(): Command[] {
  const group = "node";
  return [
    { id: "subgraph.make", group, title: t.make, keys: "Ctrl+Shift+G", enabled: hasNodes, run: make },
    {
      id: "subgraph.enter",
      group,
      title: t.enter,
      keys: "Enter",
      enabled: () => isSubgraph() && !isPressed(),
      run: () => enter(selectedSubgraph()!),
    },
    { id: "subgraph.leave", group, title: t.leave, keys: "Alt+ArrowUp", enabled: isInside, run: leave },
    { id: "subgraph.unpack", group, title: t.unpack, keys: "Shift+U", enabled: isSubgraph, run: unpackSelected },
    { id: "subgraph.unique", group, title: t.unique, enabled: isShared, run: makeSelectedUnique },
    { id: "subgraph.rename", group, title: t.rename, enabled: () => isInside() || isSubgraph(), run: rename },
    { id: "subgraph.save", group, title: t.save, enabled: isSubgraph, run: saveBlueprint },
    { id: "subgraph.insert", group: "edit", title: t.insert, run: () => setTimeout(openBlueprints, 0) },
  ];
}

/** Whether Enter presses what has the focus; a node's title only waits for a double click. */
function isPressed(): boolean {
  const pressed = document.activeElement?.closest("button, a, summary, [role=button], [role=menuitem]") ?? null;
  return pressed !== null && pressed.closest(".node-title") === null;
}

function isShared(): boolean {
  const id = selectedSubgraph();
  return id !== null && usesOfNode(id) > 1;
}
