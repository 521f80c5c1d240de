import type { Endpoint, FindOptions } from "../client.d.ts";

/** What Electron's ipcMain hands to a handler, as far as it is used here. */
export interface Asking {
    sender: { isDestroyed(): boolean; send(channel: string, ...args: unknown[]): void };
    senderFrame?: { url: string } | null;
}

export interface ProvideOptions extends Omit<FindOptions, "token" | "signal" | "on"> {
    /** Pages get the token too; it never leaves the main process otherwise. */
    token?: boolean;
    /** Which pages may ask; by default those from file: and from loopback. */
    allow?: (event: Asking) => boolean;
    /** Instead of the find() of @berth/client/node; for tests. */
    find?: (options: FindOptions) => Promise<Endpoint>;
}

export interface Provider {
    /** Finds the server anew, and tells the pages when it is another one than before.
     *  Errors: those of find(). */
    endpoint(): Promise<Endpoint>;
    /** Answers no page any more. Errors: none. */
    end(): void;
}

/**
 * Lets the pages of this app know where its server is. Waits up to 10 s for one (`timeoutMs`).
 *
 * Errors: those of ipcMain.handle, when it is provided twice.
 */
export function provide(
    ipcMain: {
        handle(channel: string, listener: (event: Asking) => unknown): void;
        removeHandler(channel: string): void;
    },
    options: ProvideOptions,
): Provider;
