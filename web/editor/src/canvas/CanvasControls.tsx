import { Panel } from "@xyflow/react";
import { Icon, type IconName } from "../shell/icons";
import { shownKeys } from "../shell/keys";
import { arrange, fit, zoomIn, zoomOut } from "./actions";
import { openFind } from "./find";
import { goBack, goForward, leavePlace, useJumps } from "./jumps";
import { t } from "./strings";

/** The few buttons that lie on the canvas. */
export function CanvasControls() {
  const canGoBack = useJumps(({ past }) => past.length > 0);
  const canGoForward = useJumps(({ future }) => future.length > 0);
  return (
    <Panel position="bottom-left" className="canvas-controls">
      <Button icon="plus" label={t.zoomIn} onClick={zoomIn} />
      <Button icon="minus" label={t.zoomOut} onClick={zoomOut} />
      <Button icon="fit" label={t.fit} onClick={fitAll} />
      <Button icon="nodes" label={t.arrange} onClick={() => void arrange()} />
      <Button icon="search" label={t.find} keys="Ctrl+F" onClick={openFind} />
      <Button icon="back" label={t.back} keys="Alt+Left" onClick={goBack} disabled={!canGoBack} />
      <Button icon="forward" label={t.forward} keys="Alt+Right" onClick={goForward} disabled={!canGoForward} />
    </Panel>
  );
}

function fitAll(): void {
  leavePlace();
  fit();
}

interface ButtonProps {
  icon: IconName;
  label: string;
  keys?: string;
  disabled?: boolean;
  onClick(): void;
}

function Button({ icon, label, keys, ...others }: ButtonProps) {
  const title = keys ? `${label} (${shownKeys(keys)})` : label;
  return (
    <button type="button" className="icon-btn" aria-label={label} title={title} {...others}>
      <Icon name={icon} />
    </button>
  );
}
