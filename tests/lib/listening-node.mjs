/**
 * A fake node that hears: its text of a sound is made of all of the sound's bytes, so that two texts are
 * the same only where the bytes were. It computes nothing.
 */
import { createHash } from 'node:crypto';
import { capabilities, FakeNode } from './fake-node.mjs';

/** What it says of a sound. @param {Buffer} bytes */
export const textOf = (bytes) =>
    `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;

export class ListeningNode extends FakeNode {
    /** Sounds that are heard now: it answers each when `may` allows it. */
    waiting = [];
    /** How many sounds it has answered. */
    answered = 0;
    /** Whether a sound is answered at once. */
    isOpen = true;
    /** What is answered in place of the text. @type {null | ((bytes: Buffer) => object)} */
    says = null;
    onTask = (task) => this.#hear(task);

    constructor(pageUrl) {
        super(pageUrl);
        this.capabilities = { ...capabilities, engines: { pipeline: '1' } };
    }

    async #hear(task) {
        const { data } = task.message;
        this.send('task_accepted', { attempt_id: data.attempt_id });
        const [bytes] = data.outline ? await this.arrived(data) : task.tensors.map((tensor) => tensor.bytes);
        this.waiting.push({ task, bytes });
        if (this.isOpen) this.answer();
    }

    /** Answers the one that waits for the longest. */
    answer() {
        const { task, bytes } = this.waiting.shift();
        const result = this.says?.(bytes) ?? { text: textOf(bytes) };
        this.answered++;
        if (result.code) this.fail(task, result);
        else this.respond(task, { outputs: [], data: { result,
            executed_on: { platform: 'wasm', engine: 'pipeline', precision: null, adapter: null, fallbacks: [], simulated: false } } });
    }

    /** Answers all that waits, and what comes from now on at once. */
    goOn() {
        this.isOpen = true;
        while (this.waiting.length) this.answer();
    }
}
