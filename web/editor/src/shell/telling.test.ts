import { expect, test } from "vitest";
import { addNode } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { activeTab, useWorkspace } from "../store/workspace";
import { useSpeech } from "./speech";
import { startTelling } from "./telling";

test("steps are told, undone ones and those done again too; what is typed is not", () => {
  const stop = startTelling();
  const heard: string[] = [];
  const forget = useSpeech.subscribe(({ text }) => heard.push(text));
  const { edit, undo, redo } = useWorkspace.getState();
  const add = () => addNode(activeTab(useWorkspace.getState()).doc, SPECS["Save"]!, [0, 0]).ops;
  edit("Add Save", add());
  undo();
  redo();
  edit("Set text", add(), "value:1:0");
  forget();
  stop();
  expect(heard).toEqual(["Add Save", "Undone: Add Save", "Done again: Add Save"]);
});
