import { useSyncExternalStore } from "react";
import { shownKeys } from "../shell/keys";
import { Group, Hints, Slider, ToolButton } from "./parts";
import type { Session } from "./session";
import { largestSize, partOf, sizeAt } from "./sizes";
import { useTools } from "./store";
import { t } from "./strings";

/** What is painted with, and what can be done to the whole mask. */
export function ToolPanel({ session }: { session: Session }) {
  useSyncExternalStore(session.subscribe, session.version);
  const { canUndo, canRedo } = session.history;
  return (
    <aside className="mask-tools" aria-label={t.tools}>
      <p className="muted">{t.hint}</p>
      <ToolChoice />
      <Sliders largest={largestSize(session.mask)} />
      <Group label={t.history}>
        <ToolButton
          icon="undo"
          label={t.undo}
          keys={shownKeys("Ctrl+Z")}
          disabled={!canUndo}
          onClick={() => session.undo()}
        />
        <ToolButton
          icon="redo"
          label={t.redo}
          keys={shownKeys("Ctrl+Y")}
          disabled={!canRedo}
          onClick={() => session.redo()}
        />
      </Group>
      <Group label={t.wholeMask}>
        <ToolButton icon="invert" label={t.invert} keys="I" onClick={() => session.invert()} />
        <ToolButton icon="trash" label={t.clear} keys="Delete" onClick={() => session.clear()} />
      </Group>
      <CoverSlider />
      <Hints />
    </aside>
  );
}

function ToolChoice() {
  const tool = useTools((tools) => tools.tool);
  return (
    <Group label={t.tool}>
      {(["brush", "eraser"] as const).map((each) => (
        <ToolButton
          key={each}
          icon={each}
          label={t[each]}
          keys={t.toolKeys[each]}
          pressed={tool === each}
          onClick={() => useTools.setState({ tool: each })}
        />
      ))}
    </Group>
  );
}

function Sliders({ largest }: { largest: number }) {
  const { size, feather } = useTools();
  return (
    <>
      <Slider
        label={t.size}
        title={t.sizeKeys}
        value={partOf(Math.max(1, size), largest)}
        text={t.sizeValue(size)}
        onChange={(part) => useTools.setState({ size: sizeAt(part, largest) })}
      />
      <Slider
        label={t.feather}
        title={t.featherKeys}
        value={feather}
        text={t.percent(feather)}
        onChange={(part) => useTools.setState({ feather: part })}
      />
    </>
  );
}

function CoverSlider() {
  const cover = useTools((tools) => tools.cover);
  const onChange = (part: number) => useTools.setState({ cover: part });
  return <Slider label={t.cover} value={cover} text={t.percent(cover)} onChange={onChange} />;
}
