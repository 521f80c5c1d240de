// @ts-check
"use strict";
/*
 * Says things: shows the text letter by letter, plays the voice and moves the mouth with it.
 *
 *   const speech = new BerthSpeech.Speech(elements, avatar);
 *   speech.show("[joy] Hello!");                              // text alone
 *   speech.speak({ text, audio, volumes, slice_length });     // a sentence; waits for the one before
 *   speech.hush();
 *
 * Text is put in as text, never as HTML. Screen readers get each text once and whole.
 */

/**
 * @typedef {{bubble: HTMLElement, text: HTMLElement, readers: HTMLElement}} SpeechElements
 * @typedef {{text: string, audio: string | null, volumes: number[], sliceMs: number}} Sentence
 * @typedef {{volumes: number[], sliceMs: number, startedAt: number, player: HTMLAudioElement | null}} Voice
 */

(function (/** @type {any} */ root) {
    const LETTERS_PER_SECOND = 45;
    const SETTLE_MS = 4000;
    const SLICE_MS = 20;
    const SENTENCES_MAX = 200;

    /** A server's "audio" message, with everything that may be missing or wrong made good.
     *  @param {any} message @returns {Sentence} */
    function readSentence(message) {
        const volumes = Array.isArray(message.volumes) ? message.volumes.map(Number) : [];
        const audio =
            typeof message.audio === "string" && message.audio !== "" ? message.audio : null;
        const sliceMs = message.slice_length > 0 ? Number(message.slice_length) : SLICE_MS;
        return { text: String(message.text ?? ""), audio, volumes, sliceMs };
    }

    /** How far the mouth is open `ms` into a voice; silence after its end. */
    function mouthAt(
        /** @type {number[]} */ volumes,
        /** @type {number} */ sliceMs,
        /** @type {number} */ ms,
    ) {
        return volumes[Math.floor(ms / sliceMs)] ?? 0;
    }

    class Speech {
        /** @type {string[]} */ letters = [];
        /** @type {{at: number, name: string}[]} */ marks = [];
        /** @type {Sentence[]} */ waiting = [];
        /** @type {Voice | null} */ voice = null;
        shown = 0;
        pace = LETTERS_PER_SECOND;
        frame = 0;
        lastTick = 0;
        calmTimer = 0;

        /** @param {SpeechElements} elements @param {any} avatar */
        constructor(elements, avatar) {
            this.elements = elements;
            this.avatar = avatar;
            this.still = root.matchMedia("(prefers-reduced-motion: reduce)").matches;
        }

        /** @param {string} raw @param {"talk"|"quiet"|"trouble"} mood */
        show(raw, mood = "talk") {
            const { text, marks } = root.BerthAvatar.parseTags(raw);
            const before = this.letters.join("");
            this.elements.bubble.dataset.mood = mood;
            if (text === before) return;
            if (!text.startsWith(before)) this.shown = 0;
            this.elements.readers.textContent = text;
            this.letters = [...text];
            this.marks = marks.filter((/** @type {{at: number}} */ mark) => mark.at >= this.shown);
            if (this.still || mood !== "talk") this.shown = this.letters.length;
            this.draw();
            this.wake();
        }

        /** @param {any} message the server's "audio" message */
        speak(message) {
            const sentence = readSentence(message);
            if (this.waiting.length < SENTENCES_MAX) this.waiting.push(sentence);
            if (!this.voice) this.next();
        }

        hush() {
            this.waiting = [];
            this.voice?.player?.pause();
            this.voice = null;
            this.shown = this.letters.length;
            this.draw();
        }

        next() {
            this.voice = null;
            this.pace = LETTERS_PER_SECOND;
            const sentence = this.waiting.shift();
            if (!sentence) return;
            const { volumes, sliceMs } = sentence;
            const player = sentence.audio ? this.play(sentence.audio) : null;
            this.voice = { volumes, sliceMs, player, startedAt: performance.now() };
            if (sentence.text) this.show(sentence.text);
            if (volumes.length > 0)
                this.pace = (this.letters.length * 1000) / (volumes.length * sliceMs);
            this.wake();
        }

        /** @param {string} base64 a WAV file */
        play(base64) {
            const player = new Audio(`data:audio/wav;base64,${base64}`);
            const end = () => this.voice?.player === player && this.next();
            const silence = () => this.voice?.player === player && (this.voice.player = null);
            player.addEventListener("ended", end);
            player.play().catch(silence); // Not allowed or not playable: the mouth goes on without it.
            return player;
        }

        wake() {
            clearTimeout(this.calmTimer);
            if (this.frame) return;
            this.lastTick = performance.now();
            this.frame = requestAnimationFrame((now) => this.tick(now));
        }

        /** @param {number} now */
        tick(now) {
            this.frame = 0;
            this.shown = Math.min(
                this.letters.length,
                this.shown + (this.pace * Math.max(0, now - this.lastTick)) / 1000,
            );
            this.lastTick = now;
            this.draw();
            this.avatar.openMouth(this.still ? 0 : this.mouth(now));
            if (
                this.voice &&
                !this.voice.player &&
                this.elapsed(now) >= this.voice.volumes.length * this.voice.sliceMs
            )
                this.next();
            if (this.voice || this.shown < this.letters.length)
                this.frame = requestAnimationFrame((later) => this.tick(later));
            else this.rest();
        }

        /** @param {number} now */
        elapsed(now) {
            if (!this.voice) return 0;
            return this.voice.player
                ? this.voice.player.currentTime * 1000
                : now - this.voice.startedAt;
        }

        /** @param {number} now */
        mouth(now) {
            if (this.voice && this.voice.volumes.length > 0)
                return mouthAt(this.voice.volumes, this.voice.sliceMs, this.elapsed(now));
            return this.shown < this.letters.length ? 0.35 + 0.35 * Math.sin(now / 55) : 0;
        }

        draw() {
            const { text } = this.elements;
            text.textContent = this.letters.slice(0, Math.floor(this.shown)).join("");
            text.scrollTop = text.scrollHeight;
            while (this.marks.length > 0 && this.marks[0].at <= this.shown)
                this.avatar.express(this.marks.shift()?.name);
        }

        rest() {
            this.avatar.openMouth(0);
            this.calmTimer = root.setTimeout(() => this.avatar.express("neutral"), SETTLE_MS);
        }
    }

    root.BerthSpeech = { Speech, mouthAt, readSentence };
})(globalThis);
