// @vitest-environment jsdom
import { expect, test } from "vitest";
import { htmlOf } from "./markdown";

test("markdown is drawn with its headings, lists and tables", () => {
  expect(htmlOf("# Title\n\n- one\n\n| a |\n|---|\n| 1 |")).toMatch(/<h1>Title<\/h1>\s*<ul>.*<table>/s);
});

test("links open in a tab of their own, which cannot reach back", () => {
  expect(htmlOf("[x](https://example.org)")).toContain(
    '<a href="https://example.org" target="_blank" rel="noopener noreferrer">x</a>',
  );
});

test.each([
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "[x](javascript:alert(1))",
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<iframe src="https://example.org"></iframe>',
  '<p style="position:fixed">x</p>',
  '<form action="/queue"><button>x</button></form>',
  "<svg><animate onbegin=alert(1)></svg>",
])("%s does no harm", (text) => {
  expect(htmlOf(text)).not.toMatch(/script|onerror|onbegin|data:|iframe|style|<form|<svg/i);
});

test("pictures of other servers are only named, those of this one are shown", () => {
  expect(htmlOf("![a cat](https://example.org/cat.png)")).toBe("<p>a cat</p>\n");
  expect(htmlOf("![a cat](//example.org/cat.png)")).toBe("<p>a cat</p>\n");
  expect(htmlOf("![a cat](/view?filename=cat.png)")).toContain('<img src="/view?filename=cat.png" alt="a cat">');
});
