/**
 * The clients: each keeps one request under way, knows what its answer must be, and books what
 * came. A request is lost if it was not answered with what it asked for, whatever the reason; only
 * what the contract itself refuses (a job that broke two nodes by itself) is booked apart.
 */
import * as cases from '../lib/cases.mjs';
import * as kserve from '../lib/kserve.mjs';
import { isPoison, Streams } from './streams.mjs';

/** What is not answered within it is lost; several faults may strike the same request. */
export const TIMEOUT_MS = 300_000;
/** How many of the requests are streams, of those a language model's, and how many of the others are
 * left alone. */
const STREAMS = 0.3, CHATS = 0.3, LEFT = 0.02;
/** Clients beside those, each of which always has a long stream, some of them a language model's: no
 * fault finds a node without. */
const FOLLOWERS = 3, LISTENERS = 4;
const MODELS = ['op_add', 'op_erf', 'op_tile', 'ptconv_Softmax', 'vision_mnist_ms_digit3'];

/** The models of the mix that are there. */
export function models() {
    const known = new Set(cases.names());
    return MODELS.filter((name) => known.has(name));
}

export class Load {
    answered = 0;
    started = 0;
    lost = [];
    wrong = [];
    poisoned = 0;
    retried = 0;
    left = 0;
    times = [];
    #quota = 0;
    #waiting = [];
    #stopped = false;

    constructor(daemon, random, clients) {
        Object.assign(this, { daemon, random, clients });
        this.cases = models().map(cases.load);
        this.streams = new Streams(daemon, random, TIMEOUT_MS);
    }

    /** Lets the clients start requests until `total` have been started. */
    allow(total) {
        this.#quota = total;
        for (const go of this.#waiting.splice(0)) go();
    }

    run() {
        const all = (length, client) => Array.from({ length }, (_, index) => client(index));
        const { streams } = this;
        this.done = Promise.all([...all(this.clients, () => this.#client()),
            ...all(FOLLOWERS, (index) => this.#follower(`follower ${index}`, () => streams.askLong())),
            ...all(LISTENERS, (index) => this.#follower(`listener ${index}`, () => streams.chatLong()))]);
    }

    async stop() {
        this.#stopped = true;
        this.allow(this.#quota);
        await this.done;
    }

    async #client() {
        while (!this.#stopped) {
            if (this.started >= this.#quota) {
                await new Promise((go) => this.#waiting.push(go));
                continue;
            }
            const number = ++this.started;
            if (this.random.next() < STREAMS) await this.#follow(number, this.#stream(number));
            else if (this.random.next() < LEFT) await this.#leave(this.#choose(number));
            else await this.#ask(number, this.#choose(number));
            this.answered++;
        }
    }

    #stream(number) {
        return this.random.next() < CHATS ? this.streams.chat(number) : this.streams.ask(number);
    }

    async #follower(name, ask) {
        while (!this.#stopped) await this.#follow(name, ask());
    }

    async #follow(number, stream) {
        const { end, what } = await stream;
        if (end === 'left') this.left++;
        else if (end === 'poisoned') this.poisoned++;
        else if (end !== 'whole') this[end].push(`${number} ${what}`);
    }

    #choose(number) {
        const { random } = this;
        const head = { id: `chaos-${number}`, priority: random.below(10), timeout_ms: TIMEOUT_MS };
        if (this.cases.length && random.next() < 0.4) {
            const testCase = random.pick(this.cases);
            const platform = random.next() < 0.3 ? { platform: 'webgpu' } : {};
            return { head: { ...head, ...platform, model_name: testCase.name },
                tensors: testCase.inputs, check: (answer) => cases.problem(answer, testCase) };
        }
        const bytes = random.bytes(random.pick([16, 100, 1000, 70_000]));
        return { head: { ...head, model_name: 'builtin/echo' },
            tensors: [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }],
            check: ({ outputs }) => (outputs[0]?.bytes.equals(bytes) ? null : 'not the echo') };
    }

    async #ask(number, { head, tensors, check }) {
        const began = performance.now();
        let answer;
        try {
            answer = await this.daemon.inferBinary(head, tensors, { timeout: TIMEOUT_MS + 30_000 });
        } catch (error) {
            this.lost.push(`${number} ${head.model_name}: ${error.message}`);
            return;
        }
        this.times.push(performance.now() - began);
        if (answer.status !== 200) {
            if (isPoison(answer.json)) this.poisoned++;
            else this.lost.push(`${number} ${head.model_name}: ${answer.status} ${answer.text}`);
            return;
        }
        const decoded = kserve.decode(answer);
        this.retried += decoded.performance.attempts > 1;
        const problem = decoded.id !== head.id ? `the answer of ${decoded.id}` : check(decoded);
        if (problem) this.wrong.push(`${number} ${head.model_name}: ${problem} ${answer.text}`);
    }

    /** A client that goes away before its answer: nothing is owed to it. */
    async #leave({ head, tensors }) {
        const gone = new AbortController();
        const request = this.daemon.inferBinary(head, tensors, { signal: gone.signal });
        setTimeout(() => gone.abort(), this.random.below(20));
        await request.catch(() => {});
        this.left++;
    }
}
