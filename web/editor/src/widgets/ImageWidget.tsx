import { useRef, useState, type DragEvent } from "react";
import { api } from "../api/client";
import { toast } from "../shell/toast";
import { ComboWidget } from "./ComboWidget";
import { Icon } from "./icons";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import { imageRef, uploadImage } from "./upload";
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
        <ComboWidget {...props} />
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
      <Thumbnail value={String(widget.value ?? "")} />
    </div>
  );
}

function Thumbnail({ value }: { value: string }) {
  const [broken, setBroken] = useState("");
  const image = imageRef(value);
  if (!image || broken === value) return <p className="image-empty">{image ? t.missing(value) : t.dropImage}</p>;
  return (
    <img
      className="image-thumbnail"
      src={api.viewUrl(image, { preview: "webp;80" })}
      alt={t.picture(value)}
      draggable={false}
      loading="lazy"
      onError={() => setBroken(value)}
    />
  );
}
