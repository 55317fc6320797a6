import { beforeEach, expect, it } from "vitest";
import { fakeServer, reply, type Request } from "../api/fakes";
import type { Job } from "../api/types";
import { useQuestion } from "../files/ask";
import { isGone, useGone } from "./gone";
import { shownOf } from "./job_pictures";
import { deletePicture } from "./picture_actions";
import { useViewer } from "./viewer_store";

const CAT = { filename: "cat.png", subfolder: "pets & more", type: "output" };
const DOG = { ...CAT, filename: "dog.png" };
const job = (id: string, started: number, picture: typeof CAT) =>
  ({
    id,
    status: "completed",
    execution_start_time: started,
    previewable_outputs_count: 1,
    preview_output: { ...picture, nodeId: "7", mediaType: "images" },
  }) as Job;

let asked: Request[] = [];

beforeEach(() => {
  asked = fakeServer({ "DELETE /v1/files": () => new Response(null, { status: 204 }) });
  useGone.setState({ since: {} });
  useViewer.getState().show([CAT, DOG], 0);
});

/** Delete, and give that answer to the question that comes first. */
async function deleted(answer: "yes" | null): Promise<void> {
  const deleting = deletePicture(CAT);
  expect(useQuestion.getState().asked?.text).toContain("cat.png");
  useQuestion.getState().asked!.reply(answer && { answer, value: "" });
  await deleting;
}

it("deletes a picture once that is confirmed: it leaves the viewer and the gallery", async () => {
  await deleted("yes");
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "DELETE /v1/files?filename=cat.png&type=output&subfolder=pets+%26+more",
  ]);
  expect(useViewer.getState().images).toEqual([DOG]);
  const jobs = [job("a", 1000, CAT), job("b", 1000, DOG)];
  expect(shownOf(jobs, {}, useGone.getState()).map(({ filename }) => filename)).toEqual(["dog.png"]);
});

it("leaves it if that is not confirmed", async () => {
  await deleted(null);
  expect(asked).toEqual([]);
  expect(useViewer.getState().images).toEqual([CAT, DOG]);
});

it("takes one that is gone already for deleted, and says what else went wrong", async () => {
  fakeServer({ "DELETE /v1/files": () => reply({ error: "busy" }, 409) });
  await expect(deleted("yes")).rejects.toThrow("busy");
  expect(useViewer.getState().images).toHaveLength(2);
  fakeServer({});
  await deleted("yes");
  expect(useViewer.getState().images).toEqual([DOG]);
});

it("shows a later picture of the same name", async () => {
  await deleted("yes");
  expect(isGone(useGone.getState(), CAT, Date.now() - 1000)).toBe(true);
  expect(isGone(useGone.getState(), CAT, Date.now() + 1000)).toBe(false);
});

it("leaves out of the gallery what was only made to verify another picture", () => {
  const made = { filename: "cat.png", subfolder: "aside/0123/x", type: "temp", nodeId: "5" };
  const jobs = [made, { ...made, type: "output" }].map(
    (preview_output, at) => ({ id: `${at}`, preview_output }) as unknown as Job,
  );
  expect(shownOf(jobs, {}, useGone.getState()).map(({ type }) => type)).toEqual(["output"]);
});
