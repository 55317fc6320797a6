import "@xyflow/react/dist/style.css"; // first: what is written after it wins
import "./canvas.css";
import "./far.css";
import * as ContextMenu from "@radix-ui/react-context-menu";
import {
  Background,
  BackgroundVariant,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  type SnapGrid,
} from "@xyflow/react";
import { type KeyboardEvent, type MouseEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { Ghosts } from "../compare/Ghosts";
import { GraphNode } from "../nodes/GraphNode";
import { GRID_PX, useSettings } from "../shell/settings";
import { activeDoc, useWorkspace } from "../store/workspace";
import { BlueprintList } from "../subgraphs/BlueprintList";
import { Breadcrumbs } from "../subgraphs/Breadcrumbs";
import { registerSubgraphCommands } from "../subgraphs/commands";
import { canEnter, enter } from "../subgraphs/entering";
import { AddNode } from "./AddNode";
import { openAddNode } from "./adding";
import { CanvasControls } from "./CanvasControls";
import { CanvasMenu } from "./CanvasMenu";
import { pointerAt, startClipboard } from "./clipboard";
import { registerCanvasCommands } from "./commands";
import {
  isValid,
  onConnect,
  onConnectEnd,
  onConnectStart,
  onReconnect,
  onReconnectEnd,
  onReconnectStart,
} from "./connecting";
import type { FlowEdge, FlowNode } from "./derive";
import { ConnectList } from "./ConnectList";
import { beginDrag, duringDrag, endDrag } from "./drag";
import { onDragOver, onDrop } from "./dropping";
import { useDistance } from "./far";
import { FarWires } from "./FarWires";
import { FindBar } from "./FindBar";
import { changeEdges, changeNodes, followWorkspace, useFlow } from "./flow";
import type { Point } from "./geometry";
import { travelByKey } from "./jumps";
import { Minimap } from "./Minimap";
import { beginMove, endMove } from "./moving";
import { endNudge } from "./nudge";
import { GroupFrame } from "./GroupFrame";
import { LinkEdge } from "./LinkEdge";
import { t } from "./strings";
import { selectTarget, type Target, targetOf } from "./target";
import { cancelTap } from "./tapping";
import { TapHint } from "./TapHint";
import { useViewports } from "./viewports";
import { walkByKey } from "./walking";
import { WireInProgress, WireReason } from "./WireInProgress";

const nodeTypes = { graph: GraphNode, group: GroupFrame };
const edgeTypes = { link: LinkEdge };
const SNAP: SnapGrid = [GRID_PX, GRID_PX];
const SELECTING_KEYS = ["Shift", "Control", "Meta"];
const NO_EDGES: FlowEdge[] = [];
/** With more nodes than this, those out of sight are not drawn. */
const MOST_DRAWN = 150;

/** The workflow of the active tab, to be looked at and worked on. */
export function Canvas() {
  const [menu, setMenu] = useState<{ target: Target; at: Point }>({ target: { kind: "canvas" }, at: { x: 0, y: 0 } });
  useEffect(() => {
    const stops = [followWorkspace(), startClipboard(), registerCanvasCommands(), registerSubgraphCommands()];
    return () => stops.forEach((stop) => stop());
  }, []);

  const aimed = useRef<Target>(menu.target);
  const aim = (event: MouseEvent) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("input, textarea, [contenteditable=true]")) return event.stopPropagation(); // the browser's own
    aimed.current = targetOf(event.target);
    setMenu({ target: aimed.current, at: { x: event.clientX, y: event.clientY } });
  };
  /** A finger that rests opens the menu too, and no event tells of it but the touch. */
  const aimFinger = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") aim(event);
  };

  return (
    <ReactFlowProvider>
      <ContextMenu.Root modal={false} onOpenChange={(isOpen) => isOpen && selectTarget(aimed.current)}>
        <ContextMenu.Trigger asChild>
          <div
            className="canvas"
            onContextMenuCapture={aim}
            onPointerDownCapture={aimFinger}
            onDragOver={onDragOver}
            onDrop={onDrop}
            onPointerMove={(event) => pointerAt({ x: event.clientX, y: event.clientY })}
            onPointerLeave={() => pointerAt(null)}
            onDoubleClick={onDoubleClick}
            onKeyDownCapture={onKeyDown}
          >
            <Breadcrumbs />
            <Flow />
            <WireReason />
            <TapHint />
            <EmptyHint />
            <FindBar />
          </div>
        </ContextMenu.Trigger>
        <CanvasMenu {...menu} />
      </ContextMenu.Root>
      <AddNode />
      <ConnectList />
      <BlueprintList />
    </ReactFlowProvider>
  );
}

function Flow() {
  const nodes = useFlow((flow) => flow.nodes);
  const edges = useFlow((flow) => flow.edges);
  const distance = useDistance();
  const isNear = distance === "near";
  const snap = useSettings((settings) => settings.snap);
  const minimap = useSettings((settings) => settings.minimap);
  const keepViewport = useViewports();
  return (
    <ReactFlow<FlowNode, FlowEdge>
      aria-label={t.canvas}
      ariaLabelConfig={t.flow}
      nodes={nodes}
      data-distance={distance}
      edges={isNear ? edges : NO_EDGES}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      onInit={(instance) => useFlow.setState({ instance })}
      onMoveStart={beginMove}
      onMoveEnd={(event, viewport) => {
        endMove();
        keepViewport(event, viewport);
      }}
      onKeyDown={endNudge}
      onPaneClick={cancelTap}
      onNodesChange={changeNodes}
      onEdgesChange={changeEdges}
      onNodeDragStart={(_, __, dragged) => beginDrag(dragged)}
      onNodeDrag={(event, _, dragged) => duringDrag(dragged, pointerOf(event))}
      onNodeDragStop={(event, _, dragged) => endDrag(dragged, pointerOf(event))}
      onSelectionStart={() => useFlow.setState({ boxing: true })}
      onSelectionEnd={() => useFlow.setState({ boxing: false })}
      onConnectStart={onConnectStart}
      onConnect={onConnect}
      onConnectEnd={onConnectEnd}
      onReconnectStart={onReconnectStart}
      onReconnect={onReconnect}
      onReconnectEnd={onReconnectEnd}
      isValidConnection={isValid}
      connectionLineComponent={WireInProgress}
      connectionRadius={24}
      reconnectRadius={12}
      connectOnClick={false}
      snapToGrid={snap}
      snapGrid={SNAP}
      onlyRenderVisibleElements={nodes.length > MOST_DRAWN}
      minZoom={0.02}
      maxZoom={3}
      deleteKeyCode={null}
      selectionKeyCode={SELECTING_KEYS}
      multiSelectionKeyCode={SELECTING_KEYS}
      selectionMode={SelectionMode.Partial}
      zoomOnDoubleClick={false}
      zIndexMode="manual"
      elevateNodesOnSelect={false}
      nodeDragThreshold={2}
      disableKeyboardA11y={false}
      attributionPosition="bottom-center"
    >
      <Background variant={BackgroundVariant.Dots} gap={GRID_PX * 3} size={1.5} />
      <CanvasControls />
      {!isNear && <FarWires />}
      {minimap && isNear && <Minimap />}
      <Ghosts />
    </ReactFlow>
  );
}

/** What a blank canvas says: where to begin. */
function EmptyHint() {
  const isEmpty = useWorkspace((workspace) => {
    const doc = activeDoc(workspace);
    return doc.order.length === 0 && Object.keys(doc.groups).length === 0;
  });
  return isEmpty ? (
    <div className="canvas-empty">
      <h2>{t.emptyTitle}</h2>
      <p>{t.emptyHint}</p>
    </div>
  ) : null;
}

/** Arrows with a key held go to nodes and to places: React Flow would have them move the selected nodes. */
function onKeyDown(event: KeyboardEvent): void {
  if (!walkByKey(event.nativeEvent) && !travelByKey(event.nativeEvent)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** On nothing, it asks what to add; a subgraph it enters, but for what in it does something itself. */
function onDoubleClick(event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  const id = target?.closest("button, input, textarea, a, .nodrag") ? undefined : nodeAt(target);
  if (id !== undefined && canEnter(id)) return enter(id);
  const isPane = event.target instanceof Element && event.target.closest(".react-flow__pane") !== null;
  const onNode =
    event.target instanceof Element && event.target.closest(".react-flow__node, .react-flow__edge, .react-flow__panel");
  if (isPane && !onNode) openAddNode({ x: event.clientX, y: event.clientY });
}

function nodeAt(target: Element | null): string | undefined {
  return target?.closest<HTMLElement>(".react-flow__node-graph")?.dataset["id"];
}

function pointerOf(event: MouseEvent | globalThis.MouseEvent | TouchEvent): Point {
  const at = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: at?.clientX ?? 0, y: at?.clientY ?? 0 };
}
