import DOMPurify from "dompurify";
import { marked } from "marked";

/**
 * Markdown as HTML that can do no harm: scripts, styles, forms and frames are taken out. Links open in a tab of their own,
 * which cannot reach back; pictures are shown only if this server has them, so that opening a workflow tells nobody.
 */
export function htmlOf(markdown: string): string {
  const html = marked.parse(markdown, { async: false, gfm: true, breaks: true });
  const clean = DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "video", "audio", "source", "picture"],
    FORBID_ATTR: ["style", "class", "id", "name", "srcset"],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of clean.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  for (const image of clean.querySelectorAll("img")) {
    if (!isOurs(image.getAttribute("src") ?? "")) image.replaceWith(image.alt);
  }
  const holder = document.createElement("div");
  holder.append(clean);
  return holder.innerHTML;
}

function isOurs(address: string): boolean {
  return URL.canParse(address, location.href) && new URL(address, location.href).origin === location.origin;
}
