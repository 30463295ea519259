/**
 * Streams whose parts come over uplinks: each asks a member for a kind of browser that only the other machines have. Whatever
 * becomes of these, each part comes once and in order; only a stream whose own daemon was struck may end early.
 */
import { Counting } from '../lib/counting.mjs';
import { openEvents } from '../lib/events.mjs';
import { kindElsewhere } from '../lib/member-machine.mjs';
import { ada } from '../lib/uplink.mjs';
import { delay } from '../lib/wait.mjs';

/** While nobody lends such a browser. */
const MAY_WAIT = [400, 503];
const OPTIONS = { count: 400, interval_ms: 25, bytes: 40 };

export class LentStreams {
    begun = 0;
    whole = 0;
    /** Those whose own daemon was struck. */
    cut = 0;
    parts = 0;
    gaps = 0;
    repeated = 0;
    /** The machines that have ended one. */
    via = new Set();
    /** Sentences. @type {string[]} */
    wrong = [];
    #stopped = false;

    /** @param {import('../lib/member-machine.mjs').MemberMachine[]} machines @param {any} random @param {number} clients */
    constructor(machines, random, clients) {
        Object.assign(this, { machines, random, clients });
    }

    run() { this.all = Promise.all(Array.from({ length: this.clients }, () => this.#client())); }

    async stop() {
        this.#stopped = true;
        await this.all;
    }

    async #client() {
        while (!this.#stopped) {
            const member = this.random.pick(this.machines.filter(({ isDown, isLost, isStopped }) => !isDown && !isLost && !isStopped));
            if (member) await this.#have(member).catch((error) => this.wrong.push(error.stack));
            else await delay(100);
        }
    }

    async #have(member) {
        const { strikes } = member, count = new Counting(member, OPTIONS, { platform: 'simulated', browser: kindElsewhere(member), timeout_ms: 300_000 });
        count.stream = await openEvents(`${member.url}/v1/infer`, { body: count.body, ...ada }).catch(() => null);
        if (count.stream?.status !== 200) { // nothing has begun
            if (count.stream?.status && !MAY_WAIT.includes(count.stream.status)) this.wrong.push(`a stream at ${member.name}: ${count.stream.status} ${count.stream.text}`);
            return void await delay(200);
        }
        this.begun++;
        await count.read();
        this.#book(count, member, member.strikes > strikes);
    }

    #book(count, member, isStruck) {
        const { parts, gaps, repeated, wrong, done, error } = count;
        this.parts += parts;
        this.repeated += repeated;
        if (count.isWhole) {
            this.whole++;
            this.via.add(done.executed_on.via);
        } else if (isStruck && !gaps && !repeated && !wrong.length) {
            this.cut++;
        } else {
            this.gaps += gaps;
            this.wrong.push(`a stream at ${member.name}: ${count.explain()} ${error ? '' : count.stream.over}`);
        }
    }
}
