/**
 * The streams among the load: counts of several shapes and a language model's answers, also in the
 * forms of other clients, taken by clients of several manners. Each part must come once, in order and
 * right, whatever becomes of the node.
 */
import { Chat, isForLines, LineChat, questions } from './chats.mjs';
import { DialectChat, isForAll, NAMES } from './dialects.mjs';
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
/** In which form a chat is asked for: ours, or that of other clients, who never come back. */
const LINES = 'lines';
const FORMS = [null, null, null, LINES, ...NAMES];
const MANNERS = ['reads', 'reads', 'reads', 'is slow', 'is slow', 'leaves', 'comes back', 'comes back'];

/** A job that was alone in the engine of two nodes that broke: the contract's exception. */
export const isPoison = ({ code, detail }) =>
    code === 'attempts_exhausted' && /ran only this job/.test(detail);

export class Streams {
    begun = 0;
    chats = 0;
    /** The jobs of those that came whole. */
    answered = new Set();
    parts = 0;
    gaps = 0;
    repeated = 0;
    /** Chats under way. @type {Set<Chat>} */
    #open = new Set();

    constructor(daemon, random, timeoutMs) {
        Object.assign(this, { daemon, random, timeoutMs });
    }

    /** Before anything breaks. @param {string[]} kinds of browser that there are */
    async prepare(kinds) {
        this.questions = await questions(this.daemon, kinds);
    }

    /** Has one of a language model's. */
    chat(number) {
        const { random } = this;
        const manner = random.pick(MANNERS);
        const form = manner === 'comes back' ? null : random.pick(FORMS);
        return form ? this.#haveOpen(this.#chatOf(form), manner)
            : this.#haveChat(random.pick(this.questions.short), manner,
                { id: `chaos-${number}`, priority: random.below(10) });
    }

    #chatOf(form) {
        const questions = this.questions.short.filter(form === LINES ? isForLines : isForAll);
        const question = this.random.pick(questions);
        return form === LINES ? new LineChat(this.daemon, question) : new DialectChat(this.daemon, question, form);
    }

    /** Has a long one. */
    chatLong() {
        return this.#haveChat(this.random.pick(this.questions.long), 'reads', {});
    }

    /** The jobs of the chats that are in the middle of an answer. */
    amid() {
        return [...this.#open].filter(({ parts, done, error }) => parts > 0 && !done && !error)
            .map(({ id }) => id);
    }

    #haveChat(question, manner, head) {
        const chat = new Chat(this.daemon, question,
            { timeout_ms: this.timeoutMs, ...head, ...manner === 'comes back' && { resumable: true } });
        return this.#haveOpen(chat, manner);
    }

    async #haveOpen(chat, manner) {
        this.#open.add(chat);
        const result = await this.#have(chat, manner).finally(() => this.#open.delete(chat));
        this.chats++;
        if (result.end === 'whole') this.answered.add(chat.id);
        return { ...result, what: `${chat.question.what}, ${result.what}` };
    }

    /** How many of the chats went on elsewhere and came whole, by the daemon's log. */
    continuedChats(log) {
        const went = log.matchAll(/(job-\S+): goes on in another attempt/g);
        return new Set([...went].map(([, id]) => id).filter((id) => this.answered.has(id))).size;
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

    async #have(client, manner) {
        this.begun++;
        let problem = '';
        try {
            if (await client.open()) await this.#take(client, manner);
        } catch (error) {
            problem = error.message;
        }
        this.parts += client.parts;
        this.gaps += client.gaps;
        this.repeated += client.repeated;
        return { end: this.#judge(client, manner),
            what: `a client that ${manner}: ${problem} ${client.explain()}` };
    }

    #judge({ wrong, done, error, gaps, repeated }, manner) {
        if (wrong.length) return 'wrong';
        if (gaps || repeated) return 'wrong';
        if (done) return 'whole';
        if (error) return isPoison(error) ? 'poisoned' : 'lost';
        return manner === 'leaves' ? 'left' : 'lost';
    }

    async #take(client, manner) {
        const { random } = this;
        const some = () => 1 + random.below(client.options.count);
        if (manner === 'is slow') {
            await client.read({ enough: () => this.#dawdle(client) });
        } else if (manner === 'leaves') {
            const enough = some();
            await client.read({ enough: ({ parts }) => parts >= enough });
            await client.stream.leave();
        } else {
            for (let times = manner === 'comes back' ? 1 + random.below(3) : 0; times > 0; times--) {
                const enough = client.parts + some();
                await client.read({ enough: ({ parts }) => parts >= enough });
                if (client.done || client.error) return;
                await client.stream.leave();
                if (!await client.resume()) return;
            }
            await client.read();
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
