/** A fake node that counts: it streams builtin/count within its credit, as far as a test lets it. */
import { capabilities, FakeNode } from './fake-node.mjs';

export class CountingNode extends FakeNode {
    /** It sends the parts below this number, and no answer before the last. */
    limit = Infinity;
    /** attempt_id → {task, next, sent, bytes, credit}: streams under way. */
    streams = new Map();
    onTask = (task) => this.#begin(task);
    onOther = ({ message: { type, data } }) => {
        if (type === 'task_credit') this.#grant(data);
        if (type === 'task_cancel') this.streams.delete(data.attempt_id);
    };

    /** @param {string} pageUrl @param {{continues?: boolean, slots?: number}} can */
    constructor(pageUrl, { continues = true, slots = 16 } = {}) {
        super(pageUrl);
        this.capabilities = { ...capabilities,
            engines: { ...capabilities.engines, builtin: '1' },
            engine_info: { builtin: { slots, queue: 1, can: continues ? ['continue'] : [] } } };
    }

    /** Lets it go on to the part before `limit`. */
    letTo(limit) {
        this.limit = limit;
        for (const attempt of [...this.streams.values()]) this.#send(attempt);
    }

    #begin(task) {
        const { data } = task.message;
        this.send('task_accepted', { attempt_id: data.attempt_id });
        const attempt = { task, next: data.continue?.seq ?? 0, sent: 0, bytes: 0,
            credit: { ...this.welcome.initial_credit } };
        if (!data.stream) { // the answer as a whole
            this.respond(task, { outputs: [],
                data: { result: { count: task.message.options.count } } });
            return;
        }
        this.streams.set(data.attempt_id, attempt);
        this.#send(attempt);
    }

    #grant({ attempt_id: id, parts, bytes }) {
        const attempt = this.streams.get(id);
        if (!attempt) return;
        attempt.credit = { parts, bytes };
        this.#send(attempt);
    }

    #send(attempt) {
        const { message } = attempt.task;
        const { count, bytes = 0 } = message.options;
        const id = message.data.attempt_id;
        while (attempt.next < Math.min(count, this.limit) &&
            attempt.sent < attempt.credit.parts && attempt.bytes < attempt.credit.bytes) {
            const seq = attempt.next++;
            const text = `${seq} `.padEnd(bytes);
            this.send('task_part', { attempt_id: id, seq, index: 0, text, tokens: [seq] });
            attempt.sent++;
            attempt.bytes += text.length;
        }
        if (attempt.next < count || this.limit < count) return;
        this.streams.delete(id);
        this.respond(attempt.task, { outputs: [], data: { parts: count, result: { count } } });
    }
}
