// @vitest-environment node
import { expect, it } from "vitest";
import { inPicture, pinched, placeOf } from "./coordinates";
import { fitBrush, partOf, sizeAt, stepFeather, stepped } from "./sizes";
import { useTools } from "./store";

it("a slider reaches every size's place and both ends", () => {
  expect([sizeAt(0, 512), sizeAt(1, 512)]).toEqual([1, 512]);
  for (const size of [1, 2, 17, 300, 512]) expect(sizeAt(partOf(size, 512), 512)).toBe(size);
});

it("a key always changes the size, and stops at the limits", () => {
  expect([stepped(2, 1, 512), stepped(2, -1, 512)]).toEqual([3, 1]);
  expect([stepped(1, -1, 512), stepped(512, 1, 512)]).toEqual([1, 512]);
  expect(stepped(100, 1, 512)).toBe(115);
});

it("a brush fits the picture at first, and stays for the next one if it can", () => {
  useTools.setState({ size: 0 });
  fitBrush({ width: 1000, height: 500 });
  expect(useTools.getState().size).toBe(60);
  fitBrush({ width: 4000, height: 4000 });
  expect(useTools.getState().size).toBe(60);
  fitBrush({ width: 32, height: 32 });
  expect(useTools.getState().size).toBe(4);
});

it("feather has limits", () => {
  useTools.setState({ feather: 0.95 });
  stepFeather(1);
  stepFeather(1);
  expect(useTools.getState().feather).toBe(1);
});

const PICTURE = { width: 200, height: 100 };
const STAGE = { width: 800, height: 600 };
const VIEW = { scale: 2, x: 30, y: -10 };

it("a point of the stage is found in the picture, and the picture in the stage", () => {
  const place = placeOf(VIEW, STAGE, PICTURE);
  expect(place).toEqual({ x: 230, y: 190, width: 400, height: 200 });
  expect(inPicture(place, VIEW, STAGE, PICTURE)).toEqual({ x: 0, y: 0 });
  expect(inPicture({ x: 630, y: 390 }, VIEW, STAGE, PICTURE)).toEqual({ x: 200, y: 100 });
});

it("two fingers keep the points of the picture that they lie on", () => {
  const [still, before, after] = [
    { x: 400, y: 300 },
    { x: 450, y: 300 },
    { x: 500, y: 300 },
  ];
  const view = pinched(VIEW, still, before, after, STAGE, PICTURE);
  expect(view.scale).toBe(4);
  const spot = inPicture(still, VIEW, STAGE, PICTURE);
  expect(inPicture(still, view, STAGE, PICTURE).x).toBeCloseTo(spot.x);
  expect(inPicture(after, view, STAGE, PICTURE).x).toBeCloseTo(inPicture(before, VIEW, STAGE, PICTURE).x);
});
