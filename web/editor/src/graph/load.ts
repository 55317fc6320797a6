/** How JSON becomes a document, in either format. */

export { docFromApi, isApi, looksLikeApi } from "./api_format";
export { isUi, loadDoc, NotAWorkflow } from "./read";
