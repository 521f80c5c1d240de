// @ts-check
"use strict";
/*
 * The character: expressions, blinking, the mouth. What moves by itself (breath, waves) is avatar.css.
 *
 *   const avatar = new BerthAvatar.Avatar(svg);
 *   avatar.express("joy");
 *   avatar.openMouth(0.6);                       // 0 closed, 1 wide open
 *   BerthAvatar.parseTags("[joy] Hello")         // { text: "Hello", marks: [{ at: 0, name: "joy" }] }
 */

(function (/** @type {any} */ root) {
    const EXPRESSIONS = ["neutral", "joy", "surprise", "sadness", "anger", "fear", "thinking"];
    const BLINK_MS = 130;
    const TAG = new RegExp(`\\s*\\[(${EXPRESSIONS.join("|")})\\]`, "gi");

    /**
     * Takes the expression tags out of a text; other brackets are text and stay.
     * `at` counts characters (code points) of the text that is left.
     * @param {string} raw
     * @returns {{text: string, marks: {at: number, name: string}[]}}
     */
    function parseTags(raw) {
        /** @type {{at: number, name: string}[]} */
        const marks = [];
        let text = "";
        let from = 0;
        for (const match of raw.matchAll(TAG)) {
            text += raw.slice(from, match.index);
            if (text === "") text = text.trimStart();
            marks.push({ at: [...text].length, name: match[1].toLowerCase() });
            from = match.index + match[0].length;
        }
        const rest = raw.slice(from);
        return { text: text === "" ? rest.trimStart() : text + rest, marks };
    }

    /** A hue for a name, always the same one. @param {string} name */
    function hueOf(name) {
        let hash = 7;
        for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
        return hash;
    }

    class Avatar {
        /** @param {SVGElement} svg */
        constructor(svg) {
            this.svg = svg;
            if (!root.matchMedia("(prefers-reduced-motion: reduce)").matches) this.blinkLater();
        }

        /** An expression that this character does not know leaves it as it is. @param {string} name */
        express(name) {
            if (EXPRESSIONS.includes(name)) this.svg.dataset.expression = name;
        }

        /** @param {number} opening 0 to 1; anything else is brought into that range */
        openMouth(opening) {
            const bounded = Math.min(1, Math.max(0, opening || 0));
            this.svg.style.setProperty("--mouth", bounded.toFixed(2));
        }

        /** One drawing serves every model: another name wears another scarf. @param {string} name */
        wear(name) {
            if (name === "berth") this.svg.style.removeProperty("--scarf");
            else this.svg.style.setProperty("--scarf", `hsl(${hueOf(name)} 60% 52%)`);
        }

        blinkLater() {
            setTimeout(
                () => {
                    this.svg.dataset.blink = "";
                    setTimeout(() => delete this.svg.dataset.blink, BLINK_MS);
                    this.blinkLater();
                },
                2000 + Math.random() * 4000,
            );
        }
    }

    root.BerthAvatar = { Avatar, EXPRESSIONS, hueOf, parseTags };
})(globalThis);
