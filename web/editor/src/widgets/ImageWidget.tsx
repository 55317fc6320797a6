import { useRef, useState, type CSSProperties, type DragEvent } from "react";
import { api } from "../api/client";
import { address } from "../api/http";
import { editMask } from "../mask/store";
import { usePlace } from "../nodes/slices";
import { toast } from "../shell/toast";
import { activeTab, useWorkspace } from "../store/workspace";
import { ComboWidget } from "./ComboWidget";
import { Icon } from "./icons";
import type { Widget } from "../graph/types";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import { ELSEWHERE, imageRef, isMasked, uploadImage, type ImageRef } from "./upload";
import "./image.css";

/** A picture of the input folder: chosen from the list, uploaded, or dropped on it. */
export function ImageWidget(props: WidgetProps) {
  const { widget, disabled, onChange } = props;
  const file = useRef<HTMLInputElement>(null);
  const [isUploading, setUploading] = useState(false);

  const upload = async (picture: File | undefined) => {
    if (!picture) return;
    setUploading(true);
    try {
      onChange(await uploadImage(picture));
    } catch (error) {
      toast(t.uploadFailed(error instanceof Error ? error.message : String(error)), "error");
    } finally {
      setUploading(false);
    }
  };
  const onDrop = (event: DragEvent) => {
    const [picture] = event.dataTransfer.files;
    if (disabled || !picture?.type.startsWith("image/")) return;
    event.preventDefault();
    event.stopPropagation(); // else the canvas would add a node for it
    void upload(picture);
  };

  return (
    <div className="image-widget" onDrop={onDrop}>
      <span className="image-choice">
        <ComboWidget {...props} widget={withItsOwnChoice(widget)} />
        <button
          type="button"
          className="widget-button nodrag"
          disabled={disabled || isUploading}
          onClick={() => file.current?.click()}
        >
          <Icon name="upload" /> {isUploading ? t.uploading : t.upload}
        </button>
      </span>
      <input
        ref={file}
        type="file"
        accept="image/*"
        hidden
        onChange={({ target }) => {
          void upload(target.files?.[0]);
          target.value = ""; // so that the same file can be chosen again
        }}
      />
      <Picture {...props} />
    </div>
  );
}

/** The server lists the files of the input folder; one that lies elsewhere can be chosen all the same. */
function withItsOwnChoice(widget: Widget): Widget {
  const { value, spec } = widget;
  if (typeof value !== "string" || !ELSEWHERE.test(value)) return widget;
  return { ...widget, spec: { ...spec, choices: [...new Set([value, ...(spec.choices ?? [])])] } };
}

/** The mask editor is about a node of a tab: in a form there is none. */
function Picture({ widget, disabled }: WidgetProps) {
  const place = usePlace();
  const [broken, setBroken] = useState("");
  const value = String(widget.value ?? "");
  const image = imageRef(value);
  if (!image || broken === value) return <p className="image-empty">{image ? t.missing(value) : t.dropImage}</p>;
  return (
    <div className="image-frame">
      <Thumbnail image={image} value={value} onError={() => setBroken(value)} />
      {!disabled && place.tab !== "" && (
        <button
          type="button"
          className="widget-button image-mask nodrag"
          onClick={() => editMask({ node: place.id, name: widget.name, index: widget.index, value })}
        >
          <Icon name="brush" /> {t.editMask}
        </button>
      )}
    </div>
  );
}

interface ThumbnailProps {
  image: ImageRef;
  value: string;
  onError(): void;
}

/** The picture. Below one that was masked lie its colours and stripes: they are seen where it is transparent. */
function Thumbnail({ image, value, onError }: ThumbnailProps) {
  const shared = useWorkspace((workspace) => activeTab(workspace).shared?.files[value]); // as it was then
  const masked = isMasked(image) && shared === undefined;
  const colours = `url(${JSON.stringify(api.viewUrl(image, { preview: PREVIEW, channel: "rgb" }))})`;
  return (
    <>
      {masked && <i className="image-below" style={{ "--picture": colours } as CSSProperties} aria-hidden="true" />}
      <img
        className="image-thumbnail"
        src={shared === undefined ? api.viewUrl(image, { preview: PREVIEW }) : address(shared)}
        alt={masked ? t.masked(value) : t.picture(value)}
        draggable={false}
        loading="lazy"
        onError={onError}
      />
    </>
  );
}

const PREVIEW = "webp;80";
