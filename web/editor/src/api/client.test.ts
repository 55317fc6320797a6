import { afterEach, expect, test } from "vitest";
import { byCanvasNode } from "./accounts";
import { api, HttpError } from "./client";
import { fakeServer, reply } from "./fakes";
import { newUuid } from "./ids";
import type { NodeAccount } from "./types";

afterEach(() => {
  document.head.innerHTML = "";
});

test("addresses are relative to the page, so that they are right below a prefix", async () => {
  document.head.innerHTML = '<base href="http://localhost:3000/studio/">';
  const asked = fakeServer({ "GET /studio/api/jobs/a": { id: "a" } });
  expect(await api.job("a")).toEqual({ id: "a" });
  expect(asked).toHaveLength(1);
  const file = { filename: "a b.png", subfolder: "x", type: "output" };
  expect(api.viewUrl(file, { preview: "webp;80" })).toBe(
    "http://localhost:3000/studio/api/view?filename=a+b.png&type=output&subfolder=x&preview=webp%3B80",
  );
});

test("a user's files are addressed by their whole path", async () => {
  const info = { path: "workflows/a/ü.json", size: 2, modified: 1, created: 1 };
  const asked = fakeServer({ "POST /api/userdata/workflows%2Fa%2F%C3%BC.json": info });
  expect(await api.userdata.write("workflows/a/ü.json", "{}", { overwrite: false })).toEqual({
    ...info,
    version: null,
  });
  expect(asked[0]?.path).toContain("?overwrite=false&full_info=true");
});

test("a file that is there and may not be replaced is a refusal with its status", async () => {
  fakeServer({ "POST /api/userdata/a/move/b": () => new Response("b is there", { status: 409 }) });
  await expect(api.userdata.move("a", "b")).rejects.toMatchObject({ status: 409, message: "b is there" });
});

test("a folder that is not there has no files", async () => {
  fakeServer({});
  expect(await api.userdata.list("workflows")).toEqual([]);
});

test("refusals say what the server says", async () => {
  const error = { type: "x", message: "No", details: "because", extra_info: {} };
  fakeServer({ "POST /api/interrupt": () => reply({ error, node_errors: {} }, 400) });
  const refusal = await api.interrupt().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(HttpError);
  expect(refusal).toMatchObject({ message: "No: because", status: 400, body: { error } });
});

test("an upload is a form with the file", async () => {
  const asked = fakeServer({ "POST /api/upload/image": { name: "a (1).png", subfolder: "", type: "input" } });
  expect(await api.upload(new File(["x"], "a.png"))).toMatchObject({ name: "a (1).png" });
  const form = asked[0]?.body as FormData;
  expect((form.get("image") as File).name).toBe("a.png");
  expect(form.get("overwrite")).toBeNull();
});

test("templates have the addresses of their workflow and their picture", async () => {
  fakeServer({
    "GET /templates/index.json": [{ templates: [{ name: "inpaint", title: "Inpaint", mediaSubtype: "webp" }] }],
  });
  expect(await api.templates()).toEqual([
    {
      name: "inpaint",
      title: "Inpaint",
      description: "",
      tags: [],
      models: [],
      workflow: "http://localhost:3000/templates/inpaint.json",
      picture: "http://localhost:3000/templates/inpaint-1.webp",
    },
  ]);
});

test("ids are UUIDs as the server takes them", () => {
  expect(newUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newUuid()).not.toBe(newUuid());
});

test("a subgraph is accounted for by what ran inside of it", () => {
  const inner = (how: NodeAccount["how"], seconds: number, shown_as: string): NodeAccount => ({
    type: "T",
    how,
    seconds,
    shown_as,
    parent: null,
    causes: [],
  });
  const nodes = {
    "5:1": inner("memory", 0, "5:1"),
    "5:2": inner("ran", 1, "5:2"),
    "5:2.0.0.1": inner("ran", 2, "5:2"),
  };
  expect(byCanvasNode(nodes)).toEqual({ 5: { ...nodes["5:2"], seconds: 3 } });
});
