/**
 * The streams among the load: counts of several shapes, taken by clients of several manners. Each
 * part must come once, in order and right, whatever becomes of the node.
 */
import { Counting } from '../lib/counting.mjs';
import { delay } from '../lib/wait.mjs';

/** What another node is told to go on with has to fit a message: 1 MiB of text and tokens. */
const SHAPES = [
    { count: 1 },
    { count: 500, bytes: 16 },
    { count: 200, interval_ms: 5 },
    { count: 40, interval_ms: 50, bytes: 100 },
    { count: 15, interval_ms: 100, bytes: 60_000 },
    { count: 16, bytes: 60_000 },
];
const LONG = { count: 300, interval_ms: 20, bytes: 100 };
/** Beyond what a client has read the service keeps 256 KiB for it to come back to. */
const RESUMABLE = SHAPES.filter(({ count, bytes = 0 }) => count * bytes < 100_000);
const MANNERS = ['reads', 'reads', 'reads', 'is slow', 'is slow', 'leaves', 'comes back', 'comes back'];

/** A job that was alone in the engine of two nodes that broke: the contract's exception. */
export const isPoison = ({ code, detail }) =>
    code === 'attempts_exhausted' && /ran this job alone/.test(detail);

export class Streams {
    begun = 0;
    parts = 0;
    gaps = 0;
    repeated = 0;

    constructor(daemon, random, timeoutMs) {
        Object.assign(this, { daemon, random, timeoutMs });
    }

    /** Has one that goes on for at least six seconds. */
    askLong() {
        return this.#have(new Counting(this.daemon, LONG, { timeout_ms: this.timeoutMs }), 'reads');
    }

    /** Has one stream; gives its {end: 'whole' | 'left' | 'poisoned' | 'lost' | 'wrong', what}. */
    ask(number) {
        const { random } = this;
        const manner = random.pick(MANNERS);
        const counting = new Counting(this.daemon,
            random.pick(manner === 'comes back' ? RESUMABLE : SHAPES),
            { id: `chaos-${number}`, priority: random.below(10), timeout_ms: this.timeoutMs,
                ...manner === 'comes back' && { resumable: true } });
        return this.#have(counting, manner);
    }

    async #have(counting, manner) {
        this.begun++;
        let problem = '';
        try {
            if (await counting.open()) await this.#take(counting, manner);
        } catch (error) {
            problem = error.message;
        }
        this.parts += counting.parts;
        this.gaps += counting.gaps;
        this.repeated += counting.repeated;
        return { end: this.#judge(counting, manner),
            what: `a client that ${manner}: ${problem} ${counting.explain()}` };
    }

    #judge({ wrong, done, error, gaps, repeated }, manner) {
        if (wrong.length) return 'wrong';
        if (gaps || repeated) return 'wrong';
        if (done) return 'whole';
        if (error) return isPoison(error) ? 'poisoned' : 'lost';
        return manner === 'leaves' ? 'left' : 'lost';
    }

    async #take(counting, manner) {
        const { random } = this;
        const some = () => 1 + random.below(counting.options.count);
        if (manner === 'is slow') {
            await counting.read({ enough: () => this.#dawdle(counting) });
        } else if (manner === 'leaves') {
            const enough = some();
            await counting.read({ enough: ({ parts }) => parts >= enough });
            await counting.stream.leave();
        } else {
            for (let times = manner === 'comes back' ? 1 + random.below(3) : 0; times > 0; times--) {
                const enough = counting.parts + some();
                await counting.read({ enough: ({ parts }) => parts >= enough });
                if (counting.done || counting.error) return;
                await counting.stream.leave();
                if (!await counting.resume()) return;
            }
            await counting.read();
        }
    }

    /** Now and then a rest, during which nothing is taken from the socket. */
    async #dawdle({ stream }) {
        if (this.random.next() > 0.1) return;
        stream.hold();
        await delay(this.random.below(300));
        stream.go();
    }
}
