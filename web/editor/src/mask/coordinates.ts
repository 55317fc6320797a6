import { moved, zoomed, type Size, type View } from "../panels/zoom";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A point of the stage, from its upper left corner, as one of the picture that lies in it. */
export function inPicture(point: Point, view: View, stage: Size, picture: Size): Point {
  return {
    x: (point.x - stage.width / 2 - view.x) / view.scale + picture.width / 2,
    y: (point.y - stage.height / 2 - view.y) / view.scale + picture.height / 2,
  };
}

/** Where the picture lies in its stage. */
export function placeOf(view: View, stage: Size, picture: Size): Point & Size {
  const [width, height] = [picture.width * view.scale, picture.height * view.scale];
  return { x: stage.width / 2 + view.x - width / 2, y: stage.height / 2 + view.y - height / 2, width, height };
}

/** How a finger that moves while another is still changes the view. Points are in the stage. */
export function pinched(view: View, still: Point, before: Point, after: Point, stage: Size, picture: Size): View {
  const middle = (point: Point): Point => ({
    x: (point.x + still.x - stage.width) / 2,
    y: (point.y + still.y - stage.height) / 2,
  });
  const spread = (point: Point) => Math.max(1, Math.hypot(point.x - still.x, point.y - still.y));
  const [was, is] = [middle(before), middle(after)];
  return moved(zoomed(view, spread(after) / spread(before), was.x, was.y), is.x - was.x, is.y - was.y, picture);
}
