// The proof of identity, over the vectors that the C side passes too.
import assert from "node:assert/strict";
import { webcrypto as crypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { fromBase64url, toBase64url } from "../../clients/js/src/bytes.js";
import { claimBytes, isPublicKey, verifyProof } from "../../clients/js/src/proof.js";

const file = new URL("../wire/proof/vectors.json", import.meta.url);
const vectors = JSON.parse(await readFile(file, "utf8"));

const claimOf = ({ app, instance, port, challenge }) => ({
    app,
    instance,
    port,
    challenge: fromBase64url(challenge),
});

/** The same bytes with one bit turned. */
function flipped(text) {
    const bytes = fromBase64url(text);
    bytes[bytes.length >> 1] ^= 4;
    return toBase64url(bytes);
}

test("there are vectors", () => assert.ok(vectors.length >= 5));

for (const [n, vector] of vectors.entries())
    describe(`vector ${n}: ${vector.app} on ${vector.port}`, () => {
        const { public_key: key, proof } = vector;
        const claim = claimOf(vector);
        const verify = (changes = {}, otherKey = key, otherProof = proof) =>
            verifyProof(crypto, otherKey, { ...claim, ...changes }, otherProof);

        test("is proved", async () => assert.equal(await verify(), true));
        const wrong = {
            "another app": () => verify({ app: `${claim.app}x` }),
            "another instance": () => verify({ instance: `x${claim.instance}` }),
            "a letter that went from one name to the next": () =>
                verify({
                    app: claim.app + claim.instance[0],
                    instance: claim.instance.slice(1),
                }),
            "another port": () => verify({ port: claim.port === 1 ? 2 : claim.port - 1 }),
            "another challenge": () =>
                verify({ challenge: fromBase64url(flipped(vector.challenge)) }),
            "a signature with one bit turned": () => verify({}, key, flipped(proof)),
            "a signature that is cut short": () => verify({}, key, proof.slice(0, -4)),
            "no signature": () => verify({}, key, null),
            "another key": () => verify({}, flipped(key)),
            "no key": () => verify({}, ""),
        };
        for (const [name, attempt] of Object.entries(wrong))
            test(`not for ${name}`, async () => assert.equal(await attempt(), false));
    });

describe("claims that nobody may make", () => {
    const claim = { app: "a", instance: "i", port: 1, challenge: new Uint8Array(32) };
    for (const size of [0, 15, 65])
        test(`a challenge of ${size} bytes`, () =>
            assert.equal(claimBytes({ ...claim, challenge: new Uint8Array(size) }), null));
    for (const size of [16, 64])
        test(`but ${size} bytes are well`, () =>
            assert.ok(claimBytes({ ...claim, challenge: new Uint8Array(size) })));
    test("a name of 256 bytes", () => {
        assert.equal(claimBytes({ ...claim, app: "a".repeat(256) }), null);
        assert.equal(claimBytes({ ...claim, app: "é".repeat(128) }), null);
        assert.ok(claimBytes({ ...claim, app: "a".repeat(255) }));
    });
});

test("a platform without Ed25519 cannot tell", async () => {
    const [{ public_key: key, proof }] = vectors;
    const claim = claimOf(vectors[0]);
    assert.equal(await verifyProof(undefined, key, claim, proof), null);
    assert.equal(await verifyProof({}, key, claim, proof), null);
    const importKey = () => Promise.reject(new DOMException("unknown", "NotSupportedError"));
    assert.equal(await verifyProof({ subtle: { importKey } }, key, claim, proof), null);
});

describe("base64url has one spelling for each value", () => {
    const cases = [
        ["", []],
        ["AA", [0]],
        ["_-8", [255, 239]],
        ["AB", null],
        ["A", null],
        ["AA==", null],
        ["+/8", null],
        ["A A", null],
        [7, null],
        [null, null],
    ];
    for (const [text, bytes] of cases)
        test(JSON.stringify(text), () =>
            assert.deepEqual(fromBase64url(text), bytes && Uint8Array.from(bytes)),
        );
    test("and a public key has 32 bytes", () => {
        assert.equal(isPublicKey(toBase64url(new Uint8Array(32))), true);
        assert.equal(isPublicKey(toBase64url(new Uint8Array(31))), false);
        assert.equal(isPublicKey(undefined), false);
    });
});
