import fc from "fast-check";
import { expect, test } from "vitest";
import { back, forward, type Jumps, left, type Place } from "./jumps";

const at = (x: number, tab = "tab", zoom = 1): Place => ({ tab, path: [], middle: { x, y: 0 }, zoom });
const NOTHING: Jumps = { past: [], future: [] };
const always = () => true;

/** Jumps from each of these places to the next. */
const through = (...places: Place[]) => places.reduce(left, NOTHING);

test("back goes to the places that were left, the newest first, and forward again to each", () => {
  const [once, second] = back(through(at(0), at(1000)), at(2000), always);
  expect(second).toEqual(at(1000));
  const [twice, first] = back(once, at(1000), always);
  expect(first).toEqual(at(0));
  expect(back(twice, at(0), always)[1]).toBeNull();
  const [again, next] = forward(twice, at(0), always);
  expect(next).toEqual(at(1000));
  expect(forward(again, at(1000), always)[1]).toEqual(at(2000));
});

test("forward comes to where one had moved by hand before going back", () => {
  const [jumps] = back(through(at(0)), at(5000), always);
  expect(forward(jumps, at(0), always)[1]).toEqual(at(5000));
});

test("a jump after going back forgets what was ahead", () => {
  const [jumps] = back(through(at(0)), at(1000), always);
  expect(left(jumps, at(0)).future).toEqual([]);
});

test("a place that is looked at already is no place to go back to; another zoom is another place", () => {
  expect(back(through(at(0), at(1000)), at(1004), always)[1]).toEqual(at(0));
  expect(through(at(0), at(3)).past).toHaveLength(1);
  expect(back(through(at(0)), at(0, "tab", 0.5), always)[1]).toEqual(at(0));
});

test("a workflow that was closed is passed over", () => {
  expect(back(through(at(0), at(0, "closed")), at(1), (tab) => tab !== "closed")[1]).toBeNull();
  expect(back(through(at(0), at(0, "closed")), at(900), (tab) => tab !== "closed")[1]).toEqual(at(0));
});

test("as often forward as back ends where it began, whatever was visited", () => {
  const places = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(places, fc.nat(25), (visited, times) => {
      const spots = visited.map((each) => at(each * 1000));
      let [jumps, here] = [through(...spots.slice(0, -1)), spots.at(-1)!];
      let taken = 0;
      for (; taken < times; taken++) {
        const [after, to] = back(jumps, here, always);
        if (!to) break;
        [jumps, here] = [after, to];
      }
      for (; taken > 0; taken--) {
        const [after, to] = forward(jumps, here, always);
        [jumps, here] = [after, to!];
      }
      expect(here).toEqual(spots.at(-1));
    }),
  );
});

test("only the newest hundred are kept", () => {
  const jumps = through(...Array.from({ length: 150 }, (_, index) => at(index * 1000)));
  expect(jumps.past).toHaveLength(100);
  expect(jumps.past[0]).toEqual(at(50_000));
});
