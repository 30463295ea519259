/** Sends random requests (random-requests.mjs) and holds the answers against what they have to be. */
import fc from 'fast-check';
import { patience } from './daemon.mjs';
import { changes, encode, mediaOf } from './random-requests.mjs';

/** What is given up as a client would who has no more time. */
const PATIENCE_MS = 5000 * patience;
/** Of each operation so many accepted bodies are kept, to be spoilt and varied. */
const KEPT = 24;
/** How often each operation is asked plainly at the beginning. */
const PLAIN = 60;
/** Codes of the service's own faults; other answers from 500 on tell of what it has not, or of others. */
const FAULTS = ['internal', 'not_implemented', 'attempts_exhausted', 'memory_budget', 'shutting_down',
    'storage_failed', 'stream_diverged'];

const FILES = { 'image/*': 'image/png', 'audio/*': 'audio/wav' };
const NOTHING = { type: 'object', properties: {} };

const codeOf = (json) => json?.code ?? json?.error?.code;

const isWithin = (inner, outer) => inner === outer || ['.', '['].some((next) => inner?.startsWith(outer + next));

/** Whether an error says which member is at fault, in the way that its form has: it names the member, what is wrong
 * in it, or the object that it is a member of, with the members that this should have. */
export function names(description, schema, json, field) {
    const { properties = {} } = description.resolve(schema);
    const nested = properties.error && description.resolve(properties.error).properties;
    const isSaid = JSON.stringify(json).includes(field.split('.').pop());
    const named = 'field' in properties ? json.field : nested && 'param' in nested ? json.error?.param : undefined;
    return named === undefined ? isSaid : isWithin(named, field) || (isSaid && isWithin(field, named));
}

export class Asker {
    #accepted = new Map();
    #counts = new Map();

    constructor(description, ground) {
        this.description = description;
        this.ground = ground;
    }

    count({ id }, what) { return this.#counts.get(id)?.[what] ?? 0; }

    #add({ id }, what) {
        if (!this.#counts.has(id)) this.#counts.set(id, {});
        const counts = this.#counts.get(id);
        counts[what] = (counts[what] ?? 0) + 1;
    }

    /** Whether a body of it has members that may be wrong. */
    canSpoil({ contents }) {
        return Object.values(contents).some(({ schema }) =>
            Object.keys(this.description.resolve(schema).properties ?? {}).length > 0);
    }

    never() { return this.description.operations.filter((one) => this.count(one, '2xx') === 0).map(({ id }) => id); }

    table() {
        const columns = ['2xx', '4xx', '5xx', 'refused', 'left'];
        return [`${'operation'.padEnd(44)}${columns.map((one) => one.padStart(8)).join('')}`,
            ...this.description.operations.map((one) => one.id.padEnd(44) +
                columns.map((what) => String(this.count(one, what)).padStart(8)).join(''))].join('\n');
    }

    /** Requests to one operation: right ones, or wrong in one way. */
    cases(operation) {
        const words = this.ground.wordsFor(operation);
        const types = mediaOf(operation);
        if (!operation.needsBody) types.push(undefined);
        const query = Object.fromEntries(this.#queryOf(operation)
            .map((one) => [one.name, this.description.values(one.schema, words, 4, one.name)]));
        const required = this.#queryOf(operation).filter((one) => one.required);
        return fc.oneof(...types.map((type) => fc.record({
            operation: fc.constant(operation), type: fc.constant(type), seed: fc.nat(),
            fresh: this.description.values(this.#schemaOf(operation, type), words),
            query: fc.record(query, { requiredKeys: required.map(({ name }) => name) }),
            picks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), broken: fc.boolean(), fault: fc.nat(),
            junk: fc.uint8Array({ maxLength: 64 }),
        })));
    }

    /** Asks everything some times as plainly as can be, each model in turn, so that there is what can be
     * varied and spoilt. */
    async begin(seed) {
        for (const operation of this.description.operations) {
            const types = mediaOf(operation).filter((type) => !/\*$/.test(type));
            for (const type of types.length > 0 ? types : [undefined])
                await this.#beginWith(operation, type, seed);
        }
    }

    async #beginWith(operation, type, seed) {
        const words = this.ground.wordsFor(operation);
        const plain = this.description.values(this.#schemaOf(operation, type), words, 0);
        const numRuns = Object.keys(operation.contents).length === 0 || changes(operation) ? 8 : PLAIN;
        for (const [i, body] of fc.sample(plain, { seed, numRuns }).entries()) {
            const name = ['model', 'model_name'].find((one) => one in body);
            if (name) body[name] = words(name)[i % words(name).length];
            if (changes(operation)) await this.ground.refill();
            await this.#askRight({ operation, type, fresh: body, seed: 0, query: {}, picks: [i, i, i, i],
                junk: [] });
        }
    }

    /** The schema of what is sent: binary bodies begin with what JSON alone has. */
    #schemaOf({ contents }, type) {
        const known = type === 'application/octet-stream' ? 'application/json' : type;
        return (!/\*$/.test(type) && contents[known]?.schema) || NOTHING; // a file has no members
    }

    async askAll(several) {
        if (several.some(({ operation }) => changes(operation))) await this.ground.refill();
        await Promise.all(several.map((one) => this.#ask(one)));
        if (this.ground.daemon.ended) throw new Error('the daemon has ended');
    }

    async #ask(one) {
        const kept = this.#accepted.get(one.operation.id) ?? [];
        const before = kept[one.seed % kept.length];
        if (!one.broken || !before) await this.#askRight(one, before);
        else if (this.#queryOf(one.operation).length > 0) await this.#askWrongQuery(one, before);
        else await this.#askWrong(one, before);
    }

    /** One that the description allows: a new one, or members of it in one that was accepted before. */
    async #askRight(one, before) {
        const { operation, fresh, seed } = one;
        const vary = before && before.type === one.type && seed % 3 > 0;
        const body = vary ? { ...before.body, ...Object.fromEntries(Object.entries(fresh)
            .filter(([name], i) => !(name in before.body) && (seed >> i) % 3 === 0)) } : fresh;
        const type = vary ? before.type : one.type;
        const sent = await this.#send(one, type, body, one.query, vary ? before.picks : one.picks);
        if (!sent) return;
        const { answer, shown } = sent;
        this.#add(operation, `${Math.floor(answer.status / 100)}xx`);
        const code = answer.status >= 500 ? codeOf(parsed(answer)) : undefined;
        if (answer.status === 500 ? code !== 'inference_failed' : answer.status === 501 || FAULTS.includes(code))
            throw new Error(`a fault of the service\n${shown}`);
        if (answer.status < 300)
            this.#keep(operation, { type, body, query: one.query, picks: vary ? before.picks : one.picks });
    }

    #keep({ id }, body) {
        const kept = this.#accepted.get(id) ?? [];
        this.#accepted.set(id, [body, ...kept].slice(0, KEPT));
    }

    /** One that was accepted, but that one member is wrong. */
    async #askWrong(one, before) {
        const asText = before.type === 'multipart/form-data';
        const faults = this.description.faults(
            this.#schemaOf(one.operation, before.type), before.body, asText);
        if (faults.length === 0) return;
        const { field, how, value } = faults[one.fault % faults.length];
        await this.#refused(one, `${field} is ${how}`, field,
            await this.#send(one, before.type, value, {}, before.picks));
    }

    #queryOf({ parameters }) { return parameters.filter((one) => one.in === 'query'); }

    async #askWrongQuery(one, before) {
        const rows = this.#queryOf(one.operation);
        const row = rows[one.fault % rows.length];
        const wrong = ['x y', '-1.5', '9'.repeat(30)].filter((text) => !this.#fitsAsText(row.schema, text));
        if (wrong.length === 0) return;
        await this.#refused(one, `${row.name} is wrong`, row.name, await this.#send(one, before.type, before.body,
            { ...before.query, [row.name]: wrong[one.seed % wrong.length] }, before.picks));
    }

    #fitsAsText(schema, text) {
        if (this.description.fits(schema, text)) return true;
        return text === 'x y' ? false : this.description.fits(schema, Number(text));
    }

    async #refused({ operation }, what, field, sent) {
        if (!sent) return;
        const { answer, shown } = sent;
        if (answer.status < 400 || answer.status >= 500) throw new Error(`${what}, and is not refused\n${shown}`);
        const type = answer.headers['content-type'].split(';')[0];
        const { schema } = operation.responses[answer.status].content[type];
        // A model that is not there, or a client with too much under way, is an error before options are read.
        if (![404, 429].includes(answer.status) && !names(this.description, schema, parsed(answer), field))
            throw new Error(`${what}, and the answer does not name it\n${shown}`);
        this.#add(operation, 'refused');
    }

    /** The answer, which is as described (lib/http.mjs looks); null if it was not waited for. */
    async #send(one, type, body, query, picks) {
        const { operation, junk } = one;
        const search = new URLSearchParams(Object.entries(query)
            .map(([name, value]) => [name, String(value)])).toString();
        const where = (await this.ground.fill(operation, picks)) + (search && `?${search}`);
        const file = type && /\*$/.test(type);
        const message = !type && !operation.needsBody ? {}
            : file ? { body: Buffer.from(junk), headers: { 'Content-Type': FILES[type] ?? type } }
                : encode(type ?? 'application/json', body);
        const shown = `${operation.method} ${where} ${type ?? ''}\n${brief(message.body)}\n`;
        try {
            const answer = await this.ground.daemon.request(encodeURI(where),
                { method: operation.method, timeout: PATIENCE_MS, ...message });
            return { answer, shown: `${shown}→ ${answer.status} ${answer.text.slice(0, 2000)}` };
        } catch (error) {
            if (!/no answer in/.test(error.message)) throw new Error(`${error.message}\n${shown}`);
            this.#add(operation, 'left');
            return null;
        }
    }
}

const brief = (bytes) => (bytes ? bytes.toString('latin1').replace(/[A-Za-z0-9+/]{200,}/g,
    (text) => `${text.slice(0, 20)}…`).slice(0, 3000) : '');

function parsed(answer) {
    try {
        return answer.json;
    } catch {
        return null;
    }
}
