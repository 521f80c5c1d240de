// A page in Electron: the browser's client, which asks the bridge (window.berth) before it looks
// anywhere else, and tries at once when the bridge says that the server has moved.

export * from "../client.js";
