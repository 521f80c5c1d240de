// Bytes and text: UTF-8, and base64url without padding (RFC 4648, section 5).

const ENCODER = new TextEncoder();

/** @param {string} text @returns {Uint8Array} */
export const utf8 = (text) => ENCODER.encode(text);

/** @param {Uint8Array} bytes */
export function toBase64url(bytes) {
    const text = btoa(String.fromCharCode(...bytes));
    return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Null for what is no base64url; bits that are left over have to be zero, so that every value has
 *  one spelling. @param {unknown} text @returns {Uint8Array | null} */
export function fromBase64url(text) {
    if (typeof text !== "string" || !/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
        c.charCodeAt(0),
    );
    return toBase64url(bytes) === text ? bytes : null;
}

/** @param {Uint8Array[]} parts */
export function joined(parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}
