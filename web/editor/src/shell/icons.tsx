/** Line icons on a grid of 16, drawn in the text's colour. */
const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7L13 5.5M13 2.5v3h-3",
  minus: "M3 8h10",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.5 10.5l3 3",
  nodes: "M2 3.5h5v4H2zM9 8.5h5v4H9zM7 5.5h2.5v3",
  library: "M2 4.5h4l1.5 1.5H14v6.5H2z",
  outline: "M2.5 3.5h5M5.5 8h8M5.5 12.5h8M2.5 8h.01M2.5 12.5h.01",
  grid: "M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11M6.2 2.5v11M9.8 2.5v11",
  table: "M2 3h12v10H2zM2 6.5h12M2 9.7h12M6 6.5v6.5",
  queue: "M2.5 4h11M2.5 8h11M2.5 12h7",
  gallery: "M2 3h12v10H2zM2 11l3.5-3.5l3 3l2-2L14 11.5M10.5 6h.01",
  problems: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12h.01",
  help: "M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12M6.4 6.4a1.7 1.7 0 1 1 2.3 1.7q-.7.3-.7 1M8 11.3h.01",
  settings:
    "M8 5.6a2.4 2.4 0 1 1 0 4.8a2.4 2.4 0 0 1 0-4.8M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  command: "M3.5 5.5L6 8l-2.5 2.5M8 11h4.5",
  play: "M4.5 3v10l8-5z",
  stop: "M4 4h8v8H4z",
  undo: "M5.5 3L2.5 6l3 3M2.5 6h7a3.5 3.5 0 0 1 0 7H6",
  redo: "M10.5 3l3 3l-3 3M13.5 6h-7a3.5 3.5 0 0 0 0 7H10",
  save: "M3 2.5h8l2.5 2.5v8.5H3zM5.5 2.5v3.5h4.5v-3.5M5 13.5v-4h6v4",
  download: "M8 2.5v7.5M5 7l3 3l3-3M2.5 13.5h11",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  fit: "M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  chevron: "M6 4l4 4l-4 4",
  up: "M4 10l4-4l4 4",
  back: "M7 3.5L2.5 8L7 12.5M2.5 8h11",
  forward: "M9 3.5L13.5 8L9 12.5M13.5 8h-11",
  down: "M4 6l4 4l4-4",
  check: "M3 8.5l3.5 3.5L13 4.5",
  keyboard: "M1.5 4.5h13v7h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.3h6",
  brush: "M13.5 2.5L7 9M8.2 10.2L5.8 7.8M5.5 8.5c-2 0-2.6 1.6-2.6 3c0 1-.6 1.6-1.4 2c3.4 .8 6.4-.4 6.4-3.2",
  eraser: "M6 13L2.8 9.8a1 1 0 0 1 0-1.4L8.6 2.6a1 1 0 0 1 1.4 0L13.4 6a1 1 0 0 1 0 1.4L7.8 13H6M5.8 5.4l5 5M7 13h6.5",
  invert: "M2.5 2.5h11v11h-11zM13.5 2.5l-11 11M10 7.5v4M8 9.5h4M4 5.5h3.5",
  theme: "M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12M8 2v12M8 5h3.5M8 8h5M8 11h3.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
