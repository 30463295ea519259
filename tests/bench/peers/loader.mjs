/**
 * What of a page's engine worker loads a model's file: from the service and other pages, into memory. No engine runs. The load does
 * not end before its program: as a page that has kept the file, it gives others what it has.
 */
import { createHash } from 'node:crypto';
import { MemoryWriting } from '../../lib/memory-writing.mjs';
import { Gathering } from '../../../page/src/engine/gathering.js';
import { OtherPages } from '../../../page/src/engine/other_pages.js';
import { answerOf } from './heavy.mjs';

/** A page tells of a load so often. */
const TOLD_MS = 1000;

export class Loader {
    /** @param {import('../../lib/fake-node.mjs').FakeNode} node whose tasks it answers @param {any} peers of a page (page/src/peers) */
    constructor(node, peers) {
        const { port1, port2 } = new MessageChannel();
        this._node = node;
        this._others = new OtherPages();
        this._others.attach(port2);
        peers.share(port1);
        node.onTask = (task) => this._run(task).catch(({ code, message }) => node.fail(task, { code: code ?? 'model_load_failed', message }));
    }

    /** @param {any} task a request for rows of the model (heavy.mjs) */
    async _run(task) {
        const { attempt_id: attempt, model } = task.message.data, began = performance.now();
        const bytes = await this._load(model.files[0], (at) => this._node.send('task_progress', { attempt_id: attempt, phase: 'fetch', loaded_bytes: at, total_bytes: model.files[0].bytes }));
        this._node.respond(task, { outputs: [answerOf(bytes)], data: { performance: { load_ms: performance.now() - began, inference_ms: 1, warm: false } } });
    }

    /** @param {{url: string, bytes: number, hash: string}} file @param {(at: number) => void} tell @returns {Promise<Buffer>} */
    async _load(file, tell) {
        const { origin, welcome } = this._node, writing = new MemoryWriting(file.bytes);
        let at = 0;
        const timer = setInterval(() => tell(at), TOLD_MS), gathering = new Gathering(file, writing, { take: () => {}, digest: async () => '' },
            (from, bytes) => void writing.write(from, bytes),
            { credential: { origin, token: welcome.model_credential, isCarried: false }, signal: new AbortController().signal, told: (reached) => (at = reached), others: this._others });
        try {
            await gathering.begin(this._others.id);
        } finally {
            clearInterval(timer);
        }
        if (createHash('sha256').update(writing.bytes).digest('hex') !== file.hash) throw new Error('the file that was loaded is another one');
        return writing.bytes;
    }
}
