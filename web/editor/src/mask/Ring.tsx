import type { Point } from "./coordinates";
import { useTools } from "./store";

/** Where the brush is, how large, and from where on it fades out. */
export function Ring({ at, scale }: { at: Point; scale: number }) {
  const { size, feather, tool } = useTools();
  const radius = (size / 2) * scale;
  const core = radius * (1 - feather);
  const side = 2 * radius + 8;
  return (
    <svg
      className="mask-ring"
      data-tool={tool}
      width={side}
      height={side}
      viewBox={`${-side / 2} ${-side / 2} ${side} ${side}`}
      style={{ left: at.x - side / 2, top: at.y - side / 2 }}
      aria-hidden="true"
    >
      {[...new Set([radius, core])].map((each, index) => (
        <g key={index} className={index === 0 ? undefined : "core"}>
          <circle r={Math.max(1, each)} className="under" />
          <circle r={Math.max(1, each)} className="over" />
        </g>
      ))}
    </svg>
  );
}
