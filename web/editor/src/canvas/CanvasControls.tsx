import { Panel } from "@xyflow/react";
import { Icon, type IconName } from "../shell/icons";
import { arrange, fit, zoomIn, zoomOut } from "./actions";
import { t } from "./strings";

/** The few buttons that lie on the canvas. */
export function CanvasControls() {
  return (
    <Panel position="bottom-left" className="canvas-controls">
      <Button icon="plus" label={t.zoomIn} onClick={zoomIn} />
      <Button icon="minus" label={t.zoomOut} onClick={zoomOut} />
      <Button icon="fit" label={t.fit} onClick={() => fit()} />
      <Button icon="nodes" label={t.arrange} onClick={() => void arrange()} />
    </Panel>
  );
}

function Button({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" className="icon-btn" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
