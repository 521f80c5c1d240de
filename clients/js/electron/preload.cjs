// The bridge between the main process and a page: window.berth, and nothing else. A preload script in
// a sandbox is one CommonJS file that may require electron alone; name it as `preload` in
// webPreferences, or require it from a bundled one. contextIsolation stays on.
//
//     window.berth.endpoint()              a promise of the endpoint, found anew each time
//     window.berth.onMoved((endpoint) => …)    gives a function that ends it
//
// Errors: endpoint() rejects with the main process's error; onMoved() throws none.
"use strict";

// @ts-ignore: Electron brings its own types, where it is installed.
const { contextBridge, ipcRenderer } = require("electron");

contextBridge.exposeInMainWorld("berth", {
    endpoint: () => ipcRenderer.invoke("berth:endpoint"),
    onMoved(/** @type {(endpoint: unknown) => void} */ callback) {
        // The page gets the endpoint alone: the event would lead it back to ipcRenderer.
        const listener = (/** @type {unknown} */ _event, /** @type {unknown} */ endpoint) =>
            callback(endpoint);
        ipcRenderer.on("berth:moved", listener);
        return () => ipcRenderer.removeListener("berth:moved", listener);
    },
});
