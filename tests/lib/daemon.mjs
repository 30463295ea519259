/**
 * The real daemon under test: started in a folder of its own on free ports, its log kept and shown
 * when something fails, stopped with proof that nothing of it is left.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as cases from './cases.mjs';
import { clear, guard } from './cleanup.mjs';
import { watch } from './described.mjs';
import { request } from './http.mjs';
import * as kserve from './kserve.mjs';
import * as onnx from './onnx.mjs';
import { nextOf } from './pages.mjs';
import { builtPage, daemonPath, ownModels, sanitized, sharedModels } from './paths.mjs';
import * as processes from './processes.mjs';
import { test } from './tier.mjs';
import { until } from './wait.mjs';

/** Everything slower under the sanitizers gets this much more time. */
export const patience = sanitized ? 3 : 1;

const sanitizerReport = /ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:/;

/** An INI file from {section: {key: value | values}}. */
export function ini(sections) {
    return Object.entries(sections).map(([name, keys]) => `[${name}]\n` +
        Object.entries(keys).flatMap(([key, value]) =>
            [value].flat().map((one) => `${key} = ${one}\n`)).join('')).join('\n');
}

function merge(defaults, more = {}) {
    const merged = structuredClone(defaults);
    for (const [section, keys] of Object.entries(more))
        merged[section] = { ...merged[section], ...keys };
    return merged;
}

/** The models that we write ourselves, by the name under which a test asks for them. */
const written = {
    slow: () => onnx.slow(), twice: onnx.twice, add: onnx.add, failing: onnx.failing,
    rows: onnx.rows, look: onnx.look, sums: onnx.sums, zeros: onnx.zeros, wide: onnx.wide,
    unknown_operator: onnx.unknownOperator, not_onnx: () => Buffer.from('<!doctype html>\n'),
};

/** Puts the named models into `store`: written here, our own, or a shared case. */
export function assembleModels(store, names) {
    for (const name of names) {
        const folder = path.join(store, name);
        fs.mkdirSync(folder, { recursive: true });
        if (written[name]) {
            fs.writeFileSync(path.join(folder, 'model.onnx'), written[name]());
        } else {
            const from = [ownModels, sharedModels].filter(Boolean)
                .map((one) => path.join(one, name)).find((one) => fs.existsSync(one));
            if (!from) throw new Error(`there is no model ${name} to test with`);
            for (const file of fs.readdirSync(from).filter((one) =>
                one === 'model.onnx' || one.endsWith('.gguf') || one.endsWith('.txt') ||
                (one.endsWith('.json') && one !== 'case.json')))
                fs.copyFileSync(path.join(from, file), path.join(folder, file));
        }
    }
}

/** What is left for an answer, beyond what the service may take, in ms. */
const ON_TOP = 20_000;
const waitOf = ({ timeout_ms: ms }) => (ms + ON_TOP > 120_000 ? { timeout: ms + ON_TOP } : {});

export class Daemon {
    #log = '';
    #logFile = null;
    /** Where in it the present start begins. */
    began = 0;
    /** Set once it has ended: {code, signal}. */
    ended = null;

    /**
     * @param {{config?: object, models?: string[], env?: Record<string, string>, folder?: string,
     *   arguments?: string[], keep?: boolean, logToFile?: boolean | string, under?: string[]}} options
     *   `logToFile`: in the folder, or where the log is to outlive it;
     *   `under`: a program and its arguments that becomes the daemon, its command line behind them
     */
    constructor(options = {}) {
        this.options = options;
        this.folder = guard(
            options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-')));
        this.temporary = path.join(this.folder, 'tmp');
        this.store = path.join(this.folder, 'models');
        this.configFile = path.join(this.folder, 'webinferd.conf');
        for (const one of [this.temporary, this.store, path.join(this.folder, 'home')])
            fs.mkdirSync(one, { recursive: true });
        assembleModels(this.store, options.models ?? []);
        this.config = merge({
            api: { listen: '127.0.0.1:0' },
            bridge: { listen: '127.0.0.1:0', page: builtPage },
            models: { directory: this.store },
            // What is left to chance would make the tests so: one that is about it says its share.
            pool: { max_connections: 1, exploration: '0%', recheck: '0%', recheck_strangers: '0%' },
            store: { path: path.join(this.folder, 'state') },
        }, options.config);
        // A test says which kinds it means: chrome alone unless it names another.
        for (const kind of ['edge', 'firefox', 'safari'])
            this.config[`browser.${kind}`] ??= { max_connections: 0 };
        this.writeConfig();
    }

    /** What the log says so far. */
    get log() { return this.#logFile ? fs.readFileSync(this.#logFile, 'utf8') : this.#log; }
    set log(text) { this.#log = text; }

    /** Waits until the log has a line like this: it comes by another way than answers do.
     * @param {RegExp} line @param {{timeout?: number}} [options] */
    async logs(line, options = {}) {
        await until(() => line.test(this.log), { what: `${line} in the log`, ...options });
    }

    writeConfig(more) {
        this.config = merge(this.config, more);
        fs.writeFileSync(this.configFile, ini(this.config));
    }

    /** Has it read its configuration again, with these values in it. */
    async reload(more) {
        const from = this.log.length;
        this.writeConfig(more);
        this.signal('SIGHUP');
        await until(() => /(: |"message":")reloaded /.test(this.log.slice(from)), { what: 'the reload' });
    }

    /** Starts the process only: for starts that are to fail, or that never become ready. */
    spawn() {
        const home = path.join(this.folder, 'home');
        const words = ['--config', this.configFile, ...(this.options.arguments ?? [])];
        this.ended = null;
        this.began = this.log.length;
        const [program, ...first] = [...(this.options.under ?? []), daemonPath];
        this.child = spawn(program, [...first, ...words], {
            stdio: ['ignore', ...this.#logTargets()],
            env: {
                PATH: process.env.PATH, LANG: 'C.UTF-8', TMPDIR: this.temporary, HOME: home,
                XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home,
                ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0:exitcode=99',
                UBSAN_OPTIONS: 'print_stacktrace=1',
                ...this.options.env,
            },
        });
        for (const stream of [this.child.stdout, this.child.stderr].filter(Boolean)) {
            stream.setEncoding('utf8');
            stream.on('data', (text) => (this.log += text));
        }
        this.exit = new Promise((resolve) => {
            this.child.on('error', (error) => {
                this.log += `cannot start: ${error.message}\n`;
                resolve(this.ended = { code: 127, signal: null });
            });
            this.child.on('close', (code, signal) => resolve(this.ended = { code, signal }));
        });
        return this;
    }

    /** A pipe that we read, or (for the bench, where reading it costs) a file. */
    #logTargets() {
        if (!this.options.logToFile) return ['pipe', 'pipe'];
        const { logToFile } = this.options;
        this.#logFile = logToFile === true ? path.join(this.folder, 'log') : logToFile;
        const file = fs.openSync(this.#logFile, 'a');
        return [file, file];
    }

    get pid() { return this.child.pid; }

    /** Starts and waits until both listeners are up and, unless told not to, a node can work. */
    async start({ ready = true } = {}) {
        this.spawn();
        const listening = (part) => {
            if (this.ended) throw new Error('it ended');
            return this.log.slice(this.began).match(new RegExp( // as text or as JSON
                `${part}(?:: |","message":")listening on (https?://[^\\s",]+)`))?.[1];
        };
        try {
            this.url = await this.#orEnd(() => listening('api'), 'the API to listen');
            if (process.env.NODE_TEST_CONTEXT) watch(this.url); // what is measured pays nothing
            this.bridgeUrl = await this.#orEnd(() => listening('bridge'), 'the bridge to listen');
            if (ready) await this.ready();
        } catch (error) {
            await this.abandon();
            throw this.explain(error);
        }
        return this;
    }

    async #orEnd(condition, what) {
        const value = await until(() => this.ended ? { failed: true } : condition(),
            { what, timeout: 20_000 * patience });
        if (value.failed)
            throw new Error(`the daemon ended (${JSON.stringify(this.ended)}) before ${what}`);
        return value;
    }

    /** Waits for /readyz to say 200. */
    async ready(timeout = 60_000 * patience) {
        let last = '';
        await until(async () => {
            if (this.ended) return true;
            const answer = await this.get('/readyz');
            last = answer.text;
            return answer.status === 200;
        }, { what: 'ready', timeout, every: 50 }).catch((error) => {
            throw new Error(`${error.message}; /readyz said: ${last}`);
        });
        if (this.ended) throw new Error(`the daemon ended: ${JSON.stringify(this.ended)}`);
    }

    /** Adds the tail of the log to an error, so that a failure explains itself. */
    explain(error, from = 0) {
        // Without what the harness itself asks again and again.
        const tail = this.log.slice(from).split('\n')
            .filter((line) => !/GET \/(readyz|metrics|v1\/status) 200|GET \/readyz 503/.test(line))
            .slice(-100).join('\n');
        const more = `${this.ended ? `\nthe daemon ended: ${JSON.stringify(this.ended)}` : ''}` +
            `\n--- daemon's log ---\n${tail}\n--- end of log ---`;
        // The stack repeats the message as it was when the error was made.
        error.stack = String(error.stack).replace(error.message, () => error.message + more);
        error.message += more;
        return error;
    }

    request(where, options) { return request(this.url + where, options); }
    get(where, options) { return this.request(where, options); }
    post(where, body, options) { return this.request(where, { method: 'POST', body, ...options }); }

    /** POST /v1/infer with JSON. It is waited for as long as the service may take. */
    infer(body, options) { return this.post('/v1/infer', body, { ...waitOf(body), ...options }); }

    /** POST /v1/infer with tensors in binary both ways. */
    inferBinary(head, tensors, options = {}) {
        const { headers, body } = kserve.encode(
            { ...head, parameters: { binary_data_output: true, ...head.parameters } }, tensors);
        return this.request('/v1/infer',
            { method: 'POST', body, ...waitOf(head), ...options, headers: { ...headers, ...options.headers } });
    }

    /** Infers and demands a 200; gives the decoded answer. */
    async answer(head, tensors, options) {
        const answer = await (tensors ? this.inferBinary(head, tensors, options)
            : this.infer(head, options));
        if (answer.status !== 200)
            throw new Error(`${head.model_name}: ${answer.status} ${answer.text.slice(0, 1000)}`);
        return kserve.decode(answer);
    }

    /** A case as a request; gives what is wrong with the answer, or null. */
    async tryCase(testCase, head = {}, options = {}) {
        const answer = await this.answer(
            { model_name: testCase.name, ...head }, testCase.inputs, options);
        return { answer, problem: cases.problem(answer, testCase) };
    }

    /** Waits until that many nodes can take work. */
    async serving(count, timeout = 120_000 * patience) {
        await until(async () => {
            const { nodes } = await this.list('nodes');
            return nodes.filter(({ away, draining }) => !away && !draining).length >= count;
        }, { what: `${count} nodes that serve`, timeout });
    }

    /**
     * A list of the API whole, over as many pages as it has: its first page, with the rows of all.
     * @param {'models' | 'nodes' | 'jobs' | 'results'} name
     */
    async list(name, options) {
        let whole;
        for (let after = null; !whole || after !== null;) {
            const query = new URLSearchParams({ limit: '100', ...(after !== null && { after }) });
            const { status, text, json } = await this.get(`/v1/${name}?${query}`, options);
            if (status !== 200) throw new Error(`/v1/${name}: ${status} ${text}`);
            if (whole) whole[name].push(...json[name]);
            else whole = json;
            after = nextOf(json);
        }
        return { ...whole, next: null };
    }

    async status() { return (await this.get('/v1/status')).json; }

    /** A counter or gauge of /metrics by name and, if given, exact labels. */
    async metric(name, labels = '') {
        const { text } = await this.get('/metrics');
        const line = text.split('\n').find((one) => one.startsWith(`${name}${labels} `));
        return line === undefined ? undefined : Number(line.split(' ').pop());
    }

    /** Processes of ours with that role (see processes.mjs). */
    processes(role) { return processes.withRole(this.pid, role); }

    signal(signal) { process.kill(this.pid, signal); }

    async waitEnd(timeout = 30_000 * patience) {
        await until(() => this.ended, { what: 'the daemon to end', timeout });
        return this.ended;
    }

    /**
     * SIGTERM, then proof of a clean end: exit status 0, no sanitizer report, no process and no
     * temporary directory left.
     */
    async stop({ signal = 'SIGTERM', code = 0 } = {}) {
        if (!this.child) return;
        try {
            if (!this.ended) this.signal(signal);
            const ended = await this.waitEnd();
            if (ended.code !== code)
                throw new Error(`the daemon ended with ${JSON.stringify(ended)}, not ${code}`);
            this.checkReport();
            await this.checkNothingLeft();
        } catch (error) {
            throw this.explain(error);
        } finally {
            await this.abandon();
        }
    }

    checkReport() {
        const found = this.log.match(sanitizerReport);
        if (found) throw new Error(`a sanitizer reported: ${found[0]}`);
    }

    /** `timeout`: the daemon itself leaves nothing; after a SIGKILL five seconds are promised. */
    async checkNothingLeft({ timeout = 1000, directories = true } = {}) {
        const left = () => processes.mentioning(this.temporary);
        await until(() => left().length === 0, { what: 'no process left', timeout })
            .catch((error) => {
                const list = left().map((one) => `${one.pid} ${one.command.join(' ').slice(0, 150)}`);
                throw new Error(`${error.message}\n${list.join('\n')}`);
            });
        const files = fs.readdirSync(this.temporary);
        if (directories && files.length)
            throw new Error(`left in the temporary directory: ${files.join(', ')}`);
    }

    /** Ends whatever may still run and removes the folder. Never fails. */
    async abandon() {
        if (this.child && !this.ended && this.child.pid) {
            this.child.kill('SIGKILL');
            await this.exit;
        }
        if (this.options.keep) return;
        if (this.#logFile) this.#log = this.log; // it may lie there
        this.#logFile = null;
        clear(this.folder);
    }
}

/**
 * A `test` whose failure shows what the daemon logged meanwhile. Its limit is for a hang: it is longer than that of a request.
 * @param {() => Daemon} daemon
 */
export function testsOf(daemon) {
    const run = (name, options, body) => {
        if (!body) [options, body] = [{}, options];
        return test(name, { timeout: 300_000 * patience, ...options }, async (context) => {
            const from = daemon()?.log.length ?? 0;
            try {
                await body(context);
            } catch (error) {
                throw daemon() ? daemon().explain(error, from) : error;
            }
        });
    };
    return run;
}

/** Starts a daemon, gives it to `body`, and stops it with proof. Gives what `body` gave. */
export async function withDaemon(options, body) {
    const daemon = new Daemon(options);
    let failed = true, value;
    try {
        await daemon.start({ ready: options.ready ?? true });
        value = await body(daemon);
        failed = false;
    } catch (error) {
        throw error.message?.includes("--- daemon's log ---") ? error : daemon.explain(error);
    } finally {
        if (failed) await daemon.abandon();
    }
    await daemon.stop();
    return value;
}
