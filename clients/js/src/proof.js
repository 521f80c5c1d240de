// The proof of identity: an Ed25519 signature over what was asked and where it was asked. The same
// bytes as in the C side's proof.h; both pass tests/wire/proof.

import { fromBase64url, joined, utf8 } from "./bytes.js";

const PROOF_LABEL = "berth-proof-v1";
const PUBLIC_KEY_SIZE = 32;
const PROOF_SIZE = 64;
const NAME_MAX = 255;
const CHALLENGE_MIN = 16;
const CHALLENGE_MAX = 64;

/** @typedef {{app: string, instance: string, port: number, challenge: Uint8Array}} Claim */

/** Each part with its size in front, two bytes, the high one first: no claim reads as another. */
const sized = (/** @type {Uint8Array} */ part) =>
    joined([Uint8Array.of(part.length >> 8, part.length & 0xff), part]);

/** What is signed, or null for a claim that nobody may make. @param {Claim} claim */
export function claimBytes({ app, instance, port, challenge }) {
    const names = [utf8(app), utf8(instance)];
    if (names.some((name) => name.length > NAME_MAX)) return null;
    if (challenge.length < CHALLENGE_MIN || challenge.length > CHALLENGE_MAX) return null;
    return joined([utf8(PROOF_LABEL), ...[...names, utf8(String(port)), challenge].map(sized)]);
}

/** @param {unknown} text */
export const isPublicKey = (text) => fromBase64url(text)?.length === PUBLIC_KEY_SIZE;

/**
 * Has the holder of the key's other half signed exactly this claim? Null where this platform cannot
 * tell: Ed25519 is missing from its WebCrypto (Chromium before 137, pages that are not secure).
 *
 * @param {Crypto | undefined} crypto @param {string} publicKey base64url @param {Claim} claim
 * @param {unknown} proof base64url @returns {Promise<boolean | null>}
 */
export async function verifyProof(crypto, publicKey, claim, proof) {
    const key = fromBase64url(publicKey);
    const signature = fromBase64url(proof);
    const message = claimBytes(claim);
    if (key?.length !== PUBLIC_KEY_SIZE || signature?.length !== PROOF_SIZE || !message)
        return false;
    const imported = await importKey(crypto, key);
    if (!crypto || !imported) return null;
    return crypto.subtle.verify("Ed25519", imported, buffer(signature), buffer(message));
}

/** None of these bytes is shared with another thread. @param {Uint8Array} bytes */
const buffer = (bytes) => /** @type {Uint8Array<ArrayBuffer>} */ (bytes);

/** @param {Crypto | undefined} crypto @param {Uint8Array} key */
async function importKey(crypto, key) {
    try {
        return (
            (await crypto?.subtle?.importKey("raw", buffer(key), "Ed25519", false, ["verify"])) ??
            null
        );
    } catch {
        return null;
    }
}
