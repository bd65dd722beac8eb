import assert from "node:assert/strict";
import { test } from "node:test";
import { MASK } from "../src/json";
import { maskCuts, maskerOf } from "../src/masker";

const SECRET = 's3cr3t "of mine"';

test("the beginning of a secret at the end of a text that the server cut is masked, in every place where an exchange has such a text", () => {
  const mask = maskerOf([SECRET, "other secret"]);
  for (const written of [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET)])
    for (let length = 1; length <= written.length; length++) {
      const text = `{"x": "${written.slice(0, length)}`;
      const cut = () => ({ truncated: true, body: text });
      const received = {
        truncated: true,
        text,
        request: cut(),
        raw: `POST / HTTP/1.1\n\n${text}\n… (300,000 bytes in all)`,
        attempts: [{ hops: [{ request: cut() }], subExchanges: [{ request: cut() }] }],
      };
      const exchange = maskCuts(JSON.parse(mask(JSON.stringify(received))) as typeof received, mask);
      const [{ hops, subExchanges }] = exchange.attempts as [(typeof received.attempts)[0]];
      const texts = [exchange.text, exchange.request.body, hops[0]!.request.body, subExchanges[0]!.request.body];
      for (const masked of texts) assert.equal(masked, `{"x": "${MASK}`);
      assert.equal(exchange.raw, `POST / HTTP/1.1\n\n{"x": "${MASK}\n… (300,000 bytes in all)`);
    }
  const whole = { truncated: false, text: `ends like one: ${SECRET.slice(0, 4)}`, body: "test-requests/s3cr" };
  assert.deepEqual(maskCuts(structuredClone(whole), mask), whole);
});
