import { afterEach, beforeEach, expect, it } from "vitest";
import { emptyDoc } from "../graph/ops";
import { newTab, useWorkspace } from "../store/workspace";
import { reopenClosed, startClosed, useClosed } from "./closed";

let stop: () => void;

beforeEach(() => {
  const tab = newTab("Untitled", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  useClosed.setState({ closed: [] });
  stop = startClosed();
});
afterEach(() => stop());

it("opens what was closed, the last first, with its undo, in the place of nothing", () => {
  const { open, edit, close } = useWorkspace.getState();
  const [blank] = useWorkspace.getState().tabs;
  const first = open("first", emptyDoc(), "workflows/first.json");
  const second = open("second", emptyDoc());
  edit("Add", [
    { of: "groups", id: 1, before: null, after: { id: 1, title: "Added", bounding: [0, 0, 1, 1], rest: {} } },
  ]);
  const before = useWorkspace.getState().tabs.find(({ id }) => id === second);
  [first, second, blank!.id].forEach(close);

  reopenClosed();
  expect(useWorkspace.getState().tabs).toEqual([before]);
  reopenClosed();
  expect(useWorkspace.getState()).toMatchObject({ tabs: [{ id: second }, { id: first }], active: first });
  reopenClosed();
  expect(useWorkspace.getState().tabs).toHaveLength(2);
});

it("goes to a file that has been opened again since", () => {
  const { open, close } = useWorkspace.getState();
  close(open("a", emptyDoc(), "workflows/a.json"));
  const again = open("a", emptyDoc(), "workflows/a.json");
  open("other", emptyDoc());
  reopenClosed();
  expect(useWorkspace.getState()).toMatchObject({ active: again });
  expect(useWorkspace.getState().tabs.filter(({ name }) => name === "a")).toHaveLength(1);
});
