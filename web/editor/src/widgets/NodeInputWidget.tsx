import * as Popover from "@radix-ui/react-popover";
import { useState } from "react";
import { nodeInputs } from "../graph/node_inputs";
import type { Widget } from "../graph/types";
import { currentDoc, usePlace } from "../nodes/slices";
import { useSpecs } from "../store/specs";
import { ComboList } from "./ComboWidget";
import { Icon } from "./icons";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import { TextWidget } from "./TextWidget";

/** The name of an input of another node: typed, or chosen among those of the nodes that feed this one. */
export function NodeInputWidget(props: WidgetProps) {
  const { widget, label, disabled, onChange } = props;
  const place = usePlace();
  const [offered, setOffered] = useState<Widget | null>(null);
  // Read when the list opens: the field is not drawn again with each edit of the graph.
  const open = (isOpen: boolean) => {
    const doc = isOpen && currentDoc(place);
    const choices = doc ? nodeInputs(doc, place.id, useSpecs.getState().specs) : [];
    setOffered(isOpen ? { ...widget, spec: { ...widget.spec, choices } } : null);
  };

  return (
    <div className="node-input">
      <TextWidget {...props} />
      <Popover.Root open={offered !== null} onOpenChange={open}>
        <Popover.Trigger asChild disabled={disabled}>
          <button type="button" className="widget-button nodrag" aria-label={t.chooseInput(label)}>
            <Icon name="down" />
          </button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content className="combo-popover" align="end" sideOffset={4} collisionPadding={8} aria-label={label}>
            {offered && (
              <ComboList
                {...props}
                widget={offered}
                value={String(widget.value ?? "")}
                onChange={(value) => onChange(value)}
                onDone={() => setOffered(null)}
              />
            )}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}
