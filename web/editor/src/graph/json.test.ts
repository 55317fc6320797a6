// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText, parseJson } from "./json";

const LARGEST_SEED = 2n ** 64n - 1n;
const BIG = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).filter((value) => !Number.isSafeInteger(Number(value)));
/** JSON knows neither a negative zero nor that a whole number was meant to be rounded. */
const DOUBLE = fc
  .double({ noDefaultInfinity: true, noNaN: true })
  .filter((value) => !Object.is(value, -0) && !/^-?\d{16}/.test(String(value)));

const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    BIG,
    fc.maxSafeInteger(),
    DOUBLE,
    fc.string(),
    fc.stringMatching(/^-?\d{1,20}n?$/),
    fc.constantFrom(null, true),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), tie("value"), { maxKeys: 4 }),
  ),
}));

describe("JSON", () => {
  it("keeps whole numbers that JavaScript would round, as bigints, and no others", () => {
    const text = `{"seed":18446744073709551615,"least":-9223372036854775808,"safe":9007199254740991,"x":[1.0,1e20,0.1]}`;
    const value = parseJson(text);
    expect(value).toEqual({
      seed: LARGEST_SEED,
      least: -(2n ** 63n),
      safe: Number.MAX_SAFE_INTEGER,
      x: [1, 1e20, 0.1],
    });
    expect(jsonText([value, 1])).toContain('"seed":18446744073709551615,"least":-9223372036854775808,');
  });

  it("comes back as it was, whatever it holds", () => {
    const back = (value: unknown, indent?: number) => parseJson(jsonText(value, indent));
    fc.assert(
      fc.property(anything, (value) => {
        expect(back(value)).toEqual(value);
        expect(back(value, 2)).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("takes the last of two values of the same name, as JSON always does", () => {
    expect(parseJson('{"a":1,"a":12345678901234567890}')).toEqual({ a: 12345678901234567890n });
  });

  it("is refused where it breaks off", () => {
    for (const text of ["", "{", '{"a":12345678901234567890', "[12345678901234567890,]"])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
