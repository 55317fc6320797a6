/** All edits of a document. Each function returns what is to be done, for `edit()` of the workspace, and changes nothing. */

export { alignNodes, type Alignment } from "./align";
export { paste } from "./clipboard";
export { addGroup, type GroupChange, removeGroup, setGroup } from "./groups";
export { connect, connectWidget, disconnect, insertOnLink } from "./links";
export { addNode, moveNodes, type NodeChange, raiseNodes, removeNodes, resizeNode, setNode } from "./nodes";
export { adopt } from "./primitives";
export { setValue } from "./values";
