/** How a picture lies in its stage: its scale, and where its middle is, in pixels from the middle of the stage. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Small pictures are enlarged to be seen well, but no more than this. */
const LARGEST_FIT = 6;
const SMALLEST = 0.05;
const LARGEST = 40;

/** The whole picture, as large as the stage has room for it. */
export function fitted(picture: Size, stage: Size): View {
  if (picture.width <= 0 || picture.height <= 0 || stage.width <= 0 || stage.height <= 0)
    return { scale: 1, x: 0, y: 0 };
  return { scale: Math.min(LARGEST_FIT, stage.width / picture.width, stage.height / picture.height), x: 0, y: 0 };
}

/** Larger or smaller by a factor; the point of the picture below (px, py), from the middle of the stage, stays there. */
export function zoomed(view: View, factor: number, px = 0, py = 0): View {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: px - (px - view.x) * by, y: py - (py - view.y) * by };
}

/** Moved by some pixels, but never so far that nothing of the picture is left in the middle. */
export function moved(view: View, dx: number, dy: number, picture: Size): View {
  const limit = (value: number, side: number) => {
    const most = (side * view.scale) / 2;
    return Math.max(-most, Math.min(most, value));
  };
  return { ...view, x: limit(view.x + dx, picture.width), y: limit(view.y + dy, picture.height) };
}
