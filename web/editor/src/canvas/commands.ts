import { type Command, registerCommand } from "../shell/commands";
import { useSettings } from "../shell/settings";
import { useWorkspace } from "../store/workspace";
import {
  arrange,
  deleteSelection,
  fit,
  groupSelection,
  hasSelection,
  selectAll,
  toggleBypass,
  toggleCollapse,
  toggleMute,
  togglePin,
  zoomIn,
  zoomOut,
} from "./actions";
import { middleOfView, openAddNode } from "./adding";
import { openConnect } from "./connect_list";
import { copySelection, cutSelection, duplicate, pasteHere } from "./clipboard";
import { openFind } from "./find";
import { useFlow } from "./flow";
import { goBack, goForward, leavePlace } from "./jumps";
import { beginRename } from "./renaming";
import { t } from "./strings";
import { WALKS } from "./walking";

/** Make the canvas's commands known. What comes back takes them away. */
export function registerCanvasCommands(): () => void {
  const unregister = commands().map(registerCommand);
  return () => unregister.forEach((undo) => undo());
}

const hasOneNode = () => useWorkspace.getState().selection.nodes.length === 1;
const hasNodes = () => useWorkspace.getState().selection.nodes.length > 0;

function commands(): Command[] {
  return [...edits(), ...clipboard(), ...nodes(), ...view(), ...WALKS];
}

function edits(): Command[] {
  const group = "edit";
  return [
    { id: "canvas.addNode", group, title: t.addNode, keys: "Shift+A", run: () => openAddNode(middleOfScreen()) },
    { id: "canvas.selectAll", group, title: t.selectAll, keys: "Ctrl+A", run: selectAll },
    {
      id: "canvas.delete",
      group,
      title: t.delete,
      keys: ["Delete", "Backspace"],
      enabled: hasSelection,
      run: () => deleteSelection(),
    },
    {
      id: "canvas.deleteHeal",
      group,
      title: t.deleteHeal,
      keys: ["Ctrl+Delete", "Ctrl+Backspace"],
      enabled: hasNodes,
      run: () => deleteSelection(true),
    },
    { id: "canvas.duplicate", group, title: t.duplicate, keys: "Ctrl+D", enabled: hasSelection, run: duplicate },
  ];
}

/** Their keys are the browser's own: see `startClipboard`. */
function clipboard(): Command[] {
  return [
    {
      id: "canvas.cut",
      group: "edit",
      title: t.cut,
      keysElsewhere: "Ctrl+X",
      enabled: hasSelection,
      run: cutSelection,
    },
    {
      id: "canvas.copy",
      group: "edit",
      title: t.copy,
      keysElsewhere: "Ctrl+C",
      enabled: hasSelection,
      run: copySelection,
    },
    { id: "canvas.paste", group: "edit", title: t.paste, keysElsewhere: "Ctrl+V", run: pasteHere },
  ];
}

function nodes(): Command[] {
  const shared = { group: "node", enabled: hasNodes };
  return [
    { ...shared, id: "canvas.rename", title: t.rename, keys: "F2", enabled: hasOneNode, run: renameSelected },
    { ...shared, id: "canvas.mute", title: t.mute, keys: ["M", "Ctrl+M"], run: toggleMute },
    { ...shared, id: "canvas.bypass", title: t.bypass, keys: ["B", "Ctrl+B"], run: toggleBypass },
    { ...shared, id: "canvas.collapse", title: t.collapse, keys: "C", run: toggleCollapse },
    { ...shared, id: "canvas.pin", title: t.pin, keys: "P", run: togglePin },
    { ...shared, id: "canvas.connect", title: t.connectTo, keys: "L", run: connectSelected },
    { ...shared, id: "canvas.group", title: t.groupNodes, keys: "Ctrl+G", run: groupSelection },
  ];
}

function view(): Command[] {
  const group = "view";
  return [
    { id: "canvas.arrange", group, title: t.arrange, keys: "Ctrl+Shift+L", run: arrange },
    { id: "canvas.fit", group, title: t.fit, keys: "F", run: fitSelected },
    { id: "canvas.find", group, title: t.find, keys: "Ctrl+F", run: openFind },
    { id: "canvas.back", group, title: t.back, keys: "Alt+Left", run: goBack },
    { id: "canvas.forward", group, title: t.forward, keys: "Alt+Right", run: goForward },
    { id: "canvas.zoomIn", group, title: t.zoomIn, keys: ["Ctrl+=", "Ctrl++"], run: zoomIn },
    { id: "canvas.zoomOut", group, title: t.zoomOut, keys: "Ctrl+-", run: zoomOut },
    {
      id: "canvas.snap",
      group,
      title: t.snap,
      keys: "Shift+G",
      run: () => useSettings.setState(({ snap }) => ({ snap: !snap })),
    },
    {
      id: "canvas.minimap",
      group,
      title: t.minimap,
      run: () => useSettings.setState(({ minimap }) => ({ minimap: !minimap })),
    },
  ];
}

/** After the menu that it may have been chosen in is closed: that takes the focus. */
function renameSelected(): void {
  const [id] = useWorkspace.getState().selection.nodes;
  if (id !== undefined) setTimeout(() => beginRename(id), 0);
}

/** Later: a menu that it was chosen in gives the focus back first. */
function connectSelected(): void {
  const [id] = useWorkspace.getState().selection.nodes;
  if (id !== undefined) setTimeout(() => openConnect(id), 0);
}

function fitSelected(): void {
  leavePlace();
  fit(selectedOnCanvas());
}

function selectedOnCanvas(): string[] {
  return useFlow.getState().nodes.flatMap((node) => (node.selected ? [node.id] : []));
}

function middleOfScreen(): { x: number; y: number } {
  const { instance } = useFlow.getState();
  return instance?.flowToScreenPosition(middleOfView()) ?? { x: 0, y: 0 };
}
