// @vitest-environment node
import { describe, expect, it } from "vitest";
import { jsonText, parseJson } from "./json";
import { loadDoc, NotAWorkflow } from "./load";
import { moveNodes, removeNodes, setValue } from "./edits";
import { applyAll, invertAll } from "./ops";
import { saveDoc } from "./save";
import type { Fields } from "./same";

/** Files as they are met: valid, and not as this editor would write them. */
const FOREIGN: Readonly<Record<string, string>> = {
  "nodes of packs that are missing": `{"last_node_id": 2, "last_link_id": 1, "nodes": [
    {"id": 1, "type": "Pack|Thing (rgthree)", "pos": [0, 0], "size": {"0": 210, "1": 58}, "flags": {}, "order": 0, "mode": 0,
     "outputs": [{"name": "*", "type": "*", "links": [1], "slot_index": 0, "dir": 4, "color_on": "#f00"}],
     "properties": {"cnr_id": "rgthree", "ver": "1.0", "Node name for S&R": "x"}, "widgets_values": [{"on": true, "lora": "a"}, [1]],
     "pack_state": {"open": [true, null]}},
    {"id": 2, "type": "Other", "pos": [300, 0], "inputs": [{"name": "in", "type": "PACK_TYPE,IMAGE", "link": 1, "shape": 7}]}],
    "links": [[1, 1, 0, 2, 0, "*"]], "version": 0.4}`,
  "the oldest files": `{"last_node_id": 9, "last_link_id": 12, "nodes": [
    {"id": 4, "type": "CheckpointLoaderSimple", "pos": {"0": 26, "1": 474}, "size": {"0": 315, "1": 98}, "flags": {}, "order": 0, "mode": 0,
     "outputs": [{"name": "MODEL", "type": "MODEL", "links": [1], "slot_index": 0}], "properties": {}, "widgets_values": ["v1-5.ckpt"]},
    {"id": 3, "type": "KSampler", "pos": [863, 186], "size": [315, 262], "flags": {}, "order": 4, "mode": 0,
     "inputs": [{"name": "model", "type": "MODEL", "link": 1}, {"name": "latent_image", "type": ["a", "b"], "link": null}],
     "properties": {}, "widgets_values": [8566257, true, 20, 8, "euler", "normal", 1]}],
    "links": [[1, 4, 0, 3, 0, "MODEL"]], "groups": [{"title": "A", "bounding": [1, 2, 3, 4], "color": "#3f789e"}], "config": {}, "extra": {}, "version": 0.4}`,
  "schema 1, links as objects, floating links and points": `{"id": "1f0e", "revision": 3, "version": 1, "config": {"links_ontop": true},
    "state": {"lastGroupId": 2, "lastNodeId": 7, "lastLinkId": 5, "lastRerouteId": 4},
    "nodes": [{"id": 5, "type": "A", "pos": [0, 0], "size": [1, 1], "outputs": [{"name": "o", "type": "LATENT", "links": [5]}]},
              {"id": 7, "type": "B", "pos": [9, 0], "size": [1, 1], "inputs": [{"name": "i", "type": "LATENT", "link": 5}]}],
    "links": [{"id": 5, "origin_id": 5, "origin_slot": 0, "target_id": 7, "target_slot": 0, "type": "LATENT", "parentId": 4}],
    "floatingLinks": [{"id": 3, "origin_id": 5, "origin_slot": 0, "target_id": -1, "target_slot": -1, "type": "LATENT", "parentId": 2}],
    "reroutes": [{"id": 4, "pos": [4, 4], "linkIds": [5]}, {"id": 2, "pos": [6, 6], "linkIds": [], "floating": {"slotType": "output"}}],
    "groups": [{"id": 2, "title": "g", "bounding": [0, 0, 1, 1], "font_size": 24, "flags": {}, "locked": true}], "extra": {}}`,
  "points on links in extra": `{"last_node_id": 2, "last_link_id": 1, "nodes": [
    {"id": 1, "type": "A", "outputs": [{"name": "o", "type": "IMAGE", "links": [1]}]},
    {"id": 2, "type": "B", "inputs": [{"name": "i", "type": "IMAGE", "link": 1}]}], "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    "floatingLinks": [{"id": 9, "origin_id": -1, "origin_slot": -1, "target_id": 2, "target_slot": 0, "type": "IMAGE", "parentId": 3}],
    "extra": {"reroutes": [{"id": 1, "pos": [3, 4], "linkIds": [1]}, {"id": 2, "parentId": 1, "pos": [5, 6], "linkIds": [1]}, {"id": 3, "pos": [7, 8], "linkIds": [], "floating": {"slotType": "input"}}],
      "linkExtensions": [{"id": 1, "parentId": 2}], "ds": {"scale": 0.5, "offset": [1.5, -2]}}, "version": 0.4}`,
  "ids that are text, and mixed": `{"last_node_id": "n9", "last_link_id": 1, "nodes": [
    {"id": "n1", "type": "A", "outputs": [{"name": "o", "type": "IMAGE", "links": ["1"]}]},
    {"id": "7", "type": "B", "inputs": [{"name": "i", "type": "IMAGE", "link": "1"}]}, {"id": 0, "type": "C"}],
    "links": [["1", "n1", 0, 7, 0, "IMAGE"]], "version": 0.4}`,
  "fields at the top that nobody knows": `{"nodes": [], "links": [], "groups": [], "models": [{"name": "a", "url": "https://x", "directory": "vae", "hash": "0"}],
    "templates": null, "author": {"name": "me"}, "__proto__": {"a": 1}, "constructor": 1, "version": 0.4, "extra": {"linearMode": true, "groupNodes": {"G": {"nodes": []}}}}`,
  "values by name": `{"nodes": [{"id": 1, "type": "VHS_VideoCombine", "pos": [0, 0], "widgets_values": {"frame_rate": 8, "videopreview": {"hidden": false, "params": {"seed": 12345678901234567890}}}},
    {"id": 2, "type": "KSampler", "widgets_values": [18446744073709551615, "fixed"], "widgets_values_named": {"seed": 18446744073709551615}}, {"id": 3, "type": "A", "widgets_values": null}], "links": [], "version": 0.4}`,
  "subgraphs, one within another": `{"nodes": [{"id": 5, "type": "0b6a1b0e-1111", "pos": [0, 0], "inputs": [{"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": null}],
      "properties": {"proxyWidgets": [["2", "seed"], ["-1", "text"]]}, "widgets_values": ["a cat"]}], "links": [], "version": 0.4,
    "definitions": {"subgraphs": [{"id": "0b6a1b0e-1111", "version": 1, "name": "Mine", "state": {"lastNodeId": 2}, "inputNode": {"id": -10, "bounding": [0, 0, 1, 1]}, "outputNode": {"id": -20, "bounding": [0, 0, 1, 1]},
      "inputs": [{"id": "u", "name": "text", "type": "STRING", "linkIds": [1]}], "outputs": [], "widgets": [], "nodes": [{"id": 2, "type": "inner-2222", "inputs": [{"name": "text", "link": 1}]}],
      "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 2, "target_slot": 0, "type": "STRING"}], "groups": [], "extra": {"x": 12345678901234567890}},
      {"id": "inner-2222", "name": "", "nodes": [], "links": [], "inputs": [], "outputs": []}], "more": 1}}`,
  "primitives, reroutes and notes": `{"last_node_id": 4, "last_link_id": 3, "nodes": [
    {"id": 1, "type": "PrimitiveNode", "title": "steps", "outputs": [{"name": "INT", "type": "INT", "links": [1], "widget": {"name": "steps", "config": ["INT", {"min": 1}]}}], "widgets_values": [20, "fixed"]},
    {"id": 2, "type": "KSampler", "inputs": [{"name": "steps", "type": "INT", "link": 1, "widget": {"name": "steps"}, "label": "n", "pos": [10, 60]}], "widgets_values": [1, "fixed", 20]},
    {"id": 3, "type": "Reroute", "pos": [5, 5], "size": [75, 26], "inputs": [{"name": "", "type": "*", "link": null}], "outputs": [{"name": "", "type": "*", "links": null}], "properties": {"showOutputText": true, "horizontal": false}},
    {"id": 4, "type": "MarkdownNote", "widgets_values": ["# hi"], "color": "#432", "bgcolor": "#653", "boxcolor": "#fff", "shape": 2, "showAdvanced": true}], "links": [[1, 1, 0, 2, 0, "INT"]], "version": 0.4}`,
  "lists with things that lead nowhere": `{"last_node_id": null, "nodes": [{"id": 1, "type": "A", "mode": 3, "outputs": [{"name": "o", "type": 0, "links": [null, 8, 2, 4]}]},
    {"id": 2, "type": "B", "inputs": [{"name": null, "type": -1, "link": 2}]}], "links": [[2, 1, 0, 2, 5, -1], null, [8, 1, 0, 99, 0, "X"], [2, 1, 0, 2, 0, "twice"], ["a", 1], {"id": 3}, [4, 1, 0, 2, 0, "*", "more", {"x": 1}]],
    "groups": [{"id": 1, "title": "a", "bounding": [0, 0, 1, 1]}, {"id": 1, "title": "same id", "bounding": {"0": 1, "1": 2, "2": 3, "3": 4}}, {"id": "g", "title": null}], "version": 0.4}`,
  "hardly anything": `{"nodes": [{"id": 1, "type": "A"}, {"id": 2, "type": "B", "inputs": null, "outputs": {}}], "links": null, "groups": null}`,
  "no links at all": `{"nodes": [{"id": 1, "type": "A"}]}`,
  "numbers of the largest kind": `{"nodes": [{"id": 12345678901234567890, "type": "A", "order": 99999999999999999999, "pos": [1e400, 0]}], "links": [[99999999999999999999, 12345678901234567890, 0, 1, 0, "X"]], "groups": [{"id": 12345678901234567890, "title": "", "bounding": [0, 0, 1, 1]}], "version": 0.4}`,
};

describe("a file from elsewhere", () => {
  it.each(Object.entries(FOREIGN))("is saved as it was: %s", (_, text) => {
    expect(parseJson(jsonText(saveDoc(loadDoc(parseJson(text)))))).toEqual(parseJson(text.replace("1e400", "null")));
  });

  it.each(Object.entries(FOREIGN))("keeps all of what was not edited, and all of it once that is undone: %s", (_, text) => {
    const [doc, before] = [loadDoc(parseJson(text)), parseJson(text) as Fields];
    const [first] = doc.order;
    if (first === undefined) return;
    const edits = [...moveNodes(doc, new Map([[first, [70, 80]]])), ...setValue(doc, first, 0, "new", "own")];
    const after = applyAll(doc, edits);
    const saved = saveDoc(after);
    const others = (nodes: unknown) => (nodes as Fields[]).slice(1);
    expect({ ...saved, nodes: others(saved["nodes"]) }).toEqual({ ...before, nodes: others(before["nodes"]) });
    expect(saveDoc(applyAll(after, invertAll(edits)))).toEqual(before);
    const removal = removeNodes(doc, [first]);
    expect(saveDoc(applyAll(applyAll(doc, removal), invertAll(removal)))).toEqual(before);
  }); // prettier-ignore
});

describe("what is malformed", () => {
  it.each([
    ["[]", /JSON object/],
    ['{"nodes": {}}', /no list of nodes/],
    ['{"nodes": [5]}', /Entry 0 of the nodes is not an object/],
    ['{"nodes": [{"id": 3, "type": "A", "inputs": [null]}]}', /Node 3.*input 0/],
    ['{"nodes": [{"id": 3, "type": "A", "outputs": [{}, 1]}]}', /Node 3.*output 1/],
    ['{"nodes": [], "groups": [7]}', /Entry 0 of the groups is not an object/],
    ['{"nodes": [], "links": {"1": []}}', /links are not a list/],
  ])("is refused with the place: %s", (text, reason) => {
    expect(() => loadDoc(parseJson(text))).toThrow(NotAWorkflow);
    expect(() => loadDoc(parseJson(text))).toThrow(reason);
  });
});
