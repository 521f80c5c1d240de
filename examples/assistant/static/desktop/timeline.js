// @ts-check
"use strict";
/*
 * The list of what happened to the connection, newest first.
 *
 *   const timeline = new BerthTimeline.Timeline(list);
 *   timeline.add({ name: "connected", level: "good", text: "Connected to …", time: Date.now() });
 *
 * A line that comes again soon moves up and counts; the many addresses of one search share a line.
 * Limits: 100 lines.
 */

/** @typedef {{name: string, level: string, text: string, time: number}} TimelineNotice */

(function (/** @type {any} */ root) {
    const LINES_MAX = 100;
    const LOOK_BACK = 14;
    const SEARCH_NAMES = new Set(["candidate", "refused", "timeout"]);
    const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

    class Timeline {
        asked = 0;
        silent = 0;

        /** @param {HTMLElement} list */
        constructor(list) {
            this.list = list;
        }

        /** @param {TimelineNotice} notice */
        add(notice) {
            const { name } = notice;
            if (name === "searching") this.asked = this.silent = 0;
            if (name === "candidate") this.asked++;
            if (name === "refused" || name === "timeout") this.silent++;
            if (SEARCH_NAMES.has(name)) this.putSearch(notice);
            else this.put(name === "waiting" ? name : notice.text, notice);
        }

        /** A search's line comes up with its first address and is then changed where it stands. */
        putSearch(/** @type {TimelineNotice} */ notice) {
            const text = askedText(this.asked, this.silent);
            const item = line("asked", { ...notice, level: "info", text }, 1);
            const before = this.recent("asked");
            if (before && this.asked > 1) return before.replaceWith(item);
            before?.remove();
            this.list.prepend(item);
        }

        /** @param {string} key @param {TimelineNotice} notice */
        put(key, notice) {
            const before = this.recent(key);
            this.list.prepend(line(key, notice, Number(before?.dataset.count ?? 0) + 1));
            before?.remove();
            if (this.list.children.length > LINES_MAX) this.list.lastElementChild?.remove();
        }

        /** @param {string} key @returns {HTMLElement | undefined} */
        recent(key) {
            const items = /** @type {HTMLElement[]} */ ([...this.list.children]);
            return items.slice(0, LOOK_BACK).find((item) => item.dataset.key === key);
        }
    }

    /** @param {number} asked @param {number} silent */
    function askedText(asked, silent) {
        const addresses = asked === 1 ? "1 address" : `${asked} addresses`;
        return silent === 0 ? `Asked ${addresses}` : `Asked ${addresses}, nobody at ${silent}`;
    }

    /** @param {string} key @param {TimelineNotice} notice @param {number} count */
    function line(key, notice, count) {
        const item = document.createElement("li");
        const time = document.createElement("time");
        time.dateTime = new Date(notice.time).toISOString();
        time.textContent = clock.format(notice.time) + (count > 1 ? ` · ${count} times` : "");
        item.dataset.key = key;
        item.dataset.count = String(count);
        item.dataset.name = notice.name;
        item.dataset.level = notice.level;
        item.append(notice.text, time);
        return item;
    }

    root.BerthTimeline = { Timeline, askedText };
})(globalThis);
