/** Small icons of nodes and widgets, on a grid of 16, drawn in the text's colour. */
const PATHS = {
  dice: "M3 3h10v10H3zM5.8 5.8h.01M10.2 5.8h.01M8 8h.01M5.8 10.2h.01M10.2 10.2h.01",
  down: "M4 6l4 4l4-4",
  right: "M6 4l4 4l-4 4",
  check: "M3 8.5l3.5 3.5L13 4.5",
  upload: "M8 10.5V3M5 6l3-3l3 3M2.5 13.5h11",
  pencil: "M3 13l.6-2.6L10.8 3.2l2 2L5.6 12.4zM9.5 4.5l2 2",
  brush: "M13.5 2.5L7 9M8.2 10.2L5.8 7.8M5.5 8.5c-2 0-2.6 1.6-2.6 3c0 1-.6 1.6-1.4 2c3.4 .8 6.4-.4 6.4-3.2",
  pin: "M6 2.5h4M6.5 2.5v4L4.5 9h7l-2-2.5v-4M8 9v4.5",
  alert: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12h.01",
} as const;

export function Icon({ name, size = 14 }: { name: keyof typeof PATHS; size?: number }) {
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
