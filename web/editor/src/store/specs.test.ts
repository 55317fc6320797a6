import { beforeEach, expect, test } from "vitest";
import { fakeServer } from "../api/fakes";
import { loadSpecs, useSpecs } from "./specs";

const TYPES = { Sampler: { name: "Sampler" } };

beforeEach(() => useSpecs.setState({ specs: {}, state: "loading" }));

test("two that ask at once share one request", async () => {
  const asked = fakeServer({ "GET /api/object_info": TYPES });
  await Promise.all([loadSpecs(), loadSpecs()]);
  expect(asked).toHaveLength(1);
  expect(useSpecs.getState()).toEqual({ specs: TYPES, state: "ready" });
});

test("a request that failed is followed by another", async () => {
  fakeServer({});
  await loadSpecs();
  expect(useSpecs.getState().state).toBe("failed");
  const asked = fakeServer({ "GET /api/object_info": { Other: { name: "Other" } } });
  await loadSpecs();
  expect(asked).toHaveLength(1);
  expect(useSpecs.getState().state).toBe("ready");
});
