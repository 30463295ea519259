/** One WebDriver BiDi session over a WebSocket: commands in, results and events out. */
import WebSocket from 'ws';

export class Bidi {
    /** @param {string} url the browser's, without /session @param {string} [host] as the browser knows itself, where the way there is another */
    static async connect(url, host = new URL(url).host) {
        const bidi = new Bidi();
        bidi.socket = new WebSocket(`${url}/session`, { headers: { Host: host } });
        await new Promise((resolve, reject) => bidi.socket.on('open', resolve).on('error', reject));
        bidi.socket.on('message', (text) => bidi.take(JSON.parse(text)));
        bidi.socket.on('close', () => bidi.fail(new Error('the browser closed the connection')));
        await bidi.send('session.new', { capabilities: {} });
        return bidi;
    }

    constructor() {
        this.ids = 0;
        this.waiting = new Map();
        /** Event → who hears of it. @type {Map<string, (params: any) => void>} */
        this.listeners = new Map();
    }

    /** From now on, calls `take` for each event of that name. @param {string} event @param {(params: any) => void} take */
    async listen(event, take) {
        this.listeners.set(event, take);
        await this.send('session.subscribe', { events: [event] });
    }

    send(method, params) {
        const id = ++this.ids;
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject });
            this.socket.send(JSON.stringify({ id, method, params }));
        });
    }

    take({ id, error, message, result, method, params }) {
        this.listeners.get(method)?.(params);
        const asked = this.waiting.get(id);
        if (!asked) return;
        this.waiting.delete(id);
        if (error) asked.reject(new Error(`${error}: ${message}`));
        else asked.resolve(result);
    }

    fail(error) {
        for (const { reject } of this.waiting.values()) reject(error);
        this.waiting.clear();
    }

    close() {
        this.socket.close();
    }
}

/** What a tab may take to open on a busy machine. */
const OPEN_MS = 60_000;

/** What it gives, or null where that takes too long. @template T @param {Promise<T>} promise @returns {Promise<T | null>} */
async function soon(promise) {
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(() => resolve(null), OPEN_MS); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What WebDriver calls keys that write nothing. @type {Record<string, string>} */
const KEYS = { Tab: '\uE004', Enter: '\uE007', Space: ' ' };

/** A tab of a browser with as much of Playwright's page as the tests use. */
export class BidiTab {
    /** Firefox 153 has once left this command unanswered, for minutes, while it did whatever else was asked, another one too.
     * @param {Bidi} bidi */
    static async open(bidi) {
        const create = () => bidi.send('browsingContext.create', { type: 'tab' });
        const { context } = await soon(create()) ?? await create();
        return new BidiTab(bidi, context);
    }

    constructor(bidi, context) {
        this.bidi = bidi;
        this.context = context;
    }

    goto(url) {
        return this.bidi.send('browsingContext.navigate', { context: this.context, url, wait: 'complete' });
    }

    /** @param {string | ((argument: any) => any)} asked an expression whose value is a string, a number or a boolean, or a function
     * over JSON @param {unknown} [argument] of the function */
    async evaluate(asked, argument = null) {
        if (typeof asked === 'string') return this.#value(asked);
        return JSON.parse(await this.#value(`(async () => JSON.stringify(await (${asked})(${JSON.stringify(argument)}) ?? null))()`));
    }

    async #value(expression) {
        const { result, exceptionDetails } = await this.bidi.send('script.evaluate', {
            expression, target: { context: this.context }, awaitPromise: true,
        });
        if (exceptionDetails) throw new Error(exceptionDetails.text);
        return result.value;
    }

    /** As Playwright's: a key that is pressed where focus is. */
    keyboard = { press: (/** @type {string} */ key) => this.bidi.send('input.performActions', { context: this.context, actions: [
        { type: 'key', id: 'keyboard', actions: ['keyDown', 'keyUp'].map((type) => ({ type, value: KEYS[key] ?? key })) }] }) };

    resize(width, height) {
        return this.bidi.send('browsingContext.setViewport', { context: this.context, viewport: { width, height } });
    }

    close() {
        return this.bidi.send('browsingContext.close', { context: this.context });
    }
}
