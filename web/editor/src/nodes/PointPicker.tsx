import { useState, type MouseEvent } from "react";
import { api } from "../api/client";
import { widgetsOf } from "../graph/inputs";
import { picturedAt, pointInputs, pointPart, pointValue, type PointInputs } from "../graph/point";
import { setValue } from "../graph/edits";
import { applyAll } from "../graph/ops";
import type { Doc, NodeId, NodeSpec, Specs, Widget } from "../graph/types";
import { picturesOfNode } from "../panels/pictures";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { imageRef, type ImageRef } from "../widgets/upload";
import { editDoc } from "./edit";
import { has, isFed } from "./linked";
import { currentDoc, usePlace, type Place } from "./slices";
import { t } from "./strings";
import "./point.css";

/** For nodes that take a place in a picture: the picture, on which a click says where. The numbers can be typed as well. */
export function PointPicker({ spec, widgets, linkedIn }: PointPickerProps) {
  const inputs = pointInputs(spec);
  const [x, y] = [inputs?.x, inputs?.y].map((input) =>
    widgets.find((widget) => widget.name === input?.name && !has(linkedIn, widget.socket)),
  );
  return inputs && x && y ? <Picture inputs={inputs} x={x} y={y} /> : null;
}

interface PointPickerProps {
  readonly spec: NodeSpec;
  readonly widgets: readonly Widget[];
  /** As `useLinked` tells it: values that come through wires are not to be chosen. */
  readonly linkedIn: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function Picture({ inputs, x, y }: { inputs: PointInputs; x: Widget; y: Widget }) {
  const place = usePlace();
  const url = usePicture(place, inputs.on);
  const [size, setSize] = useState<Size | null>(null);
  if (url === undefined) return <p className="point-empty">{t.noPointPicture}</p>;

  const choose = ({ currentTarget, clientX, clientY, detail }: MouseEvent) => {
    if (!size || detail === 0) return; // by the keyboard: that knows no place
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    editDoc(place, t.setPoint, (doc) => {
      const first = setValue(
        doc,
        place.id,
        x.index,
        pointValue(inputs.x, (clientX - left) / width, size.width),
        x.name,
      );
      const then = applyAll(doc, first);
      const at = pointValue(inputs.y, (clientY - top) / height, size.height);
      return [...first, ...setValue(then, place.id, y.index, at, y.name)];
    });
  };

  return (
    <button
      type="button"
      className="point nodrag"
      tabIndex={-1}
      aria-label={t.choosePoint(x.name, y.name)}
      onClick={choose}
    >
      <img
        src={url}
        alt=""
        draggable={false}
        onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => setSize({ width, height })}
      />
      {size && (
        <i
          className="point-mark"
          style={{
            left: `${100 * pointPart(inputs.x, x.value, size.width)}%`,
            top: `${100 * pointPart(inputs.y, y.value, size.height)}%`,
          }}
          aria-hidden="true"
        />
      )}
    </button>
  );
}

/** The address of the picture as it is now; a text, so that it is drawn again only when it is another one. */
function usePicture(place: Place, on: string | undefined): string | undefined {
  const shownAt = useWorkspace(() => {
    const doc = currentDoc(place);
    return doc ? picturedAt(doc, place.id, on).join(",") : "";
  });
  const chosen = useWorkspace(() => {
    const doc = currentDoc(place);
    return doc && first(shownAt.split(","), (id) => chosenPicture(doc, id, useSpecs.getState().specs));
  });
  const prefix = place.run.slice(0, place.run.length - place.id.length);
  const shown = useRun((run) =>
    first(shownAt.split(","), (id) => {
      const picture = picturesOfNode(run.runs[place.tab]?.nodes[`${prefix}${id}`]?.output)[0];
      return picture && urlOf(picture);
    }),
  );
  return chosen ?? shown;
}

/** What a node such as LoadImage holds as its value. */
function chosenPicture(doc: Doc, id: NodeId, specs: Specs): string | undefined {
  const node = doc.nodes[id];
  const spec = node && specs[node.type];
  const widget = spec && widgetsOf(node, spec).find(({ kind }) => kind === "image");
  const image = widget && !isFed(doc, id, widget) ? imageRef(String(widget.value ?? "")) : null;
  return image ? urlOf(image) : undefined;
}

function urlOf(image: ImageRef): string {
  return api.viewUrl(image, { preview: "webp;85" });
}

function first<T>(ids: readonly NodeId[], of: (id: NodeId) => T | undefined): T | undefined {
  for (const id of ids) {
    const found = of(id);
    if (found !== undefined) return found;
  }
  return undefined;
}
