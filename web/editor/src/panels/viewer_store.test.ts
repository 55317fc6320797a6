// @vitest-environment node
import { beforeEach, expect, it } from "vitest";
import { useViewer } from "./viewer_store";

const IMAGES = ["a.png", "b.png", "c.png"].map((filename) => ({ filename, subfolder: "", type: "output" }));
const viewer = () => useViewer.getState();

beforeEach(() => viewer().show(IMAGES, 1));

it("opens at a picture and stops at both ends", () => {
  expect(viewer()).toMatchObject({ open: true, index: 1 });
  viewer().go(5);
  expect(viewer().index).toBe(2);
  viewer().go(-1);
  expect(viewer().index).toBe(0);
});

it("does not open without pictures", () => {
  viewer().close();
  viewer().show([], 0);
  expect(viewer().open).toBe(false);
});

it("compares with the picture before, with the second if it is the first, and never if it is alone", () => {
  viewer().toggleCompare();
  expect(viewer().against).toBe(0);
  viewer().toggleCompare();
  expect(viewer().against).toBeNull();
  viewer().go(0);
  viewer().toggleCompare();
  expect(viewer().against).toBe(1);
  viewer().show(IMAGES.slice(0, 1), 0);
  viewer().toggleCompare();
  expect(viewer().against).toBeNull();
});

it("shows the next picture when one is gone, and nothing after the last", () => {
  const [first, second, third] = IMAGES;
  viewer().go(2);
  viewer().toggleCompare();
  viewer().drop(third!);
  expect(viewer()).toMatchObject({ open: true, index: 1, against: null, images: [first, second] });
  viewer().drop(first!);
  viewer().drop(second!);
  expect(viewer()).toMatchObject({ open: false, images: [] });
});
