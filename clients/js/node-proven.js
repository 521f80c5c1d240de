// One connection to the server that has proved itself on it: between a search and what follows, a
// port can change hands, so whoever is to be shown a token proves itself once more on the very
// connection that will carry it.
//
//     const agent = await provenAgent(url, { app, instance, port, publicKey });
//     http.get({ agent, ...(the request that carries the secret) });
//
// Errors: provenAgent() rejects when the peer does not prove it. A request through the agent fails
// when the connection is gone by then: another one is never made.

import { webcrypto } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { toBase64url } from "./src/bytes.js";
import { verifyProof } from "./src/proof.js";

const ANSWER_MAX = 65536;
const ANSWER_MS = 1500;

/** @typedef {{app: string, instance: string, port: number, publicKey: string}} Server */

/** @param {net.Socket} socket */
function agentOf(socket) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let given = false;
    Object.assign(agent, {
        /** @param {unknown} _ @param {(error: Error) => void} done */
        createConnection(_, done) {
            if (given) return done(new Error("the connection on which the proof came is gone"));
            given = true;
            return socket;
        },
    });
    return agent;
}

/** @param {http.Agent} agent @param {http.RequestOptions} options @returns {Promise<string>} */
function ask(agent, options) {
    return new Promise((resolve, reject) => {
        const request = http.get({ ...options, agent, timeout: ANSWER_MS });
        request.on("timeout", () => request.destroy(new Error("no answer in time")));
        request.on("error", reject);
        request.on("response", (response) => {
            let text = "";
            response.setEncoding("utf8");
            response.on("error", reject);
            response.on("end", () => resolve(text));
            response.on("data", (part) => {
                text += part;
                if (text.length > ANSWER_MAX) request.destroy(new Error("the answer is too long"));
            });
        });
    });
}

/** @param {URL} url @param {Server} server @returns {Promise<http.Agent>} */
export async function provenAgent(url, { app, instance, port, publicKey }) {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const at = { host, port: Number(url.port || 80) };
    const agent = agentOf(net.connect(at));
    try {
        const challenge = webcrypto.getRandomValues(new Uint8Array(32));
        const path = `/health?challenge=${toBase64url(challenge)}`;
        const { proof } = JSON.parse(await ask(agent, { ...at, path, headers: { Host: url.host } }));
        const claim = { app, instance, port, challenge };
        const crypto = /** @type {Crypto} */ (webcrypto);
        if ((await verifyProof(crypto, publicKey, claim, proof)) !== true)
            throw new Error(`${url.host} does not prove that it is the server that was found`);
        return agent;
    } catch (error) {
        agent.destroy();
        throw error;
    }
}
