export * from "./client.d.ts";

/**
 * The WebSocket of this entry: the standard's interface, ping(), and a `pong` event.
 *
 * Errors: SyntaxError from the constructor, InvalidStateError from send() before `open`,
 * InvalidAccessError from close().
 */
export class NodeWebSocket extends EventTarget {
    constructor(url: string, protocols?: string | string[]);
    readonly readyState: number;
    readonly url: string;
    readonly protocol: string;
    readonly extensions: string;
    readonly bufferedAmount: number;
    binaryType: BinaryType;
    send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;
    ping(): void;
    close(code?: number, reason?: string): void;
}
