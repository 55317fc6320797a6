import { beforeEach, expect, test, vi } from "vitest";
import { fakeServer, reply } from "../api/fakes";
import type { Verification } from "../api/verifying";
import { closeVerify, useVerify, verdictText, verifyPicture } from "./store";

const PICTURE = { filename: "cat.png", subfolder: "", type: "output" };
const DONE: Verification = {
  id: "7",
  state: "succeeded",
  verdict: "different",
  psnr_db: 13.2,
  text: "13.2 dB PSNR",
  has_lock: true,
  reasons: ["another model"],
  compared: [],
  errors: [],
  again: null,
  links: { self: "/v1/verify/7", events: "/v1/jobs/7/events" },
};
const BEGUN: Verification = { ...DONE, state: "pending", verdict: null, reasons: [] };
const VIEW = { "GET /api/view": () => reply("") };

/** A stream of events whose other end is the test. */
class FakeEvents extends EventTarget {
  static last: FakeEvents;
  static readonly CLOSED = 2;
  readyState = 1;
  constructor() {
    super();
    FakeEvents.last = this;
  }
  close(): void {
    this.readyState = FakeEvents.CLOSED;
  }
  tell(name: string, data: object): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

beforeEach(() => {
  vi.stubGlobal("EventSource", FakeEvents);
  useVerify.setState({ shown: null });
});

test("a picture is sent, followed and judged", async () => {
  const asked = fakeServer({ ...VIEW, "POST /v1/verify": BEGUN, "GET /v1/verify/7": DONE });
  await verifyPicture(PICTURE);
  expect(asked.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toContain("POST /v1/verify");
  FakeEvents.last.tell("progress", { value: 3, total: 20 });
  expect(useVerify.getState().shown?.progress).toEqual({ state: "running", value: 3, total: 20 });
  FakeEvents.last.tell("succeeded", { id: "7" });
  await vi.waitFor(() => expect(useVerify.getState().shown).toMatchObject({ progress: null, result: DONE }));
  expect(verdictText(DONE)).toBe("Different: 13.2 dB PSNR.");
});

test("what cannot be made again is told at once", async () => {
  const never = { ...DONE, id: null, links: null, verdict: "failed", text: "it cannot be made again" };
  fakeServer({ ...VIEW, "POST /v1/verify": never });
  await verifyPicture(PICTURE);
  expect(useVerify.getState().shown).toMatchObject({ progress: null, result: never });
});

test("a refusal and a picture that is gone are told", async () => {
  const refusal = { error: { message: "That is no picture", details: "it carries no workflow" } };
  fakeServer({ ...VIEW, "POST /v1/verify": reply(refusal, 400) });
  await verifyPicture(PICTURE);
  expect(useVerify.getState().shown?.why).toContain("it carries no workflow");
  fakeServer({});
  await verifyPicture(PICTURE);
  expect(useVerify.getState().shown?.why).toContain("there is no such thing");
});

test("to close it stops what is under way, also what was only being sent", async () => {
  let answer: (told: Verification) => void = () => {};
  const cancelled = vi.fn(() => ({}));
  fakeServer({
    ...VIEW,
    "POST /v1/verify": () => new Promise((resolve) => (answer = resolve)),
    "DELETE /v1/jobs/7": cancelled,
  });
  const verifying = verifyPicture(PICTURE);
  await vi.waitFor(() => expect(useVerify.getState().shown).not.toBeNull());
  await new Promise((resolve) => setTimeout(resolve, 10));
  await closeVerify();
  answer(BEGUN);
  await verifying;
  expect(cancelled).toHaveBeenCalledTimes(1);

  fakeServer({ ...VIEW, "POST /v1/verify": BEGUN, "DELETE /v1/jobs/7": cancelled });
  await verifyPicture(PICTURE);
  await closeVerify();
  expect(cancelled).toHaveBeenCalledTimes(2);
  expect(useVerify.getState().shown).toBeNull();
});
