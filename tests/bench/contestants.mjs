/** Who takes part in the echo: each echoes `bytes` for a while and gives p50 and bytes/s. */
import * as kserve from '../lib/kserve.mjs';
import { request } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { playwright, PlainDriver } from './browsers.mjs';
import { median } from './figures.mjs';
import * as programs from './programs.mjs';

/** The same request for floor and webinfer: KServe's binary framing, both directions. `more`: of its other fields. */
export function echoRequest(tensor, more = {}) {
    return kserve.encode(
        { model_name: 'builtin/echo', parameters: { binary_data_output: true }, ...more }, [tensor]);
}

/** The two that answer over HTTP, under the C client. */
export class OverHttp {
    constructor(name, client, port) {
        Object.assign(this, { name, client, port, files: new Map() });
    }

    async prepare(key, { headers, body }, payload) {
        const file = programs.requestFile(
            `${this.name}-${key}`, `127.0.0.1:${this.port}`, headers, body);
        const once = await request(`http://127.0.0.1:${this.port}/v1/infer`,
            { method: 'POST', headers, body });
        if (once.status !== 200) throw new Error(`${this.name}: ${once.status} ${once.text}`);
        // It must be an echo before its speed means anything.
        if (payload && !once.body.subarray(-payload.length).equals(payload))
            throw new Error(`${this.name}: the echo is not what was sent`);
        this.files.set(key, file);
    }

    async measure(key, clients, ms, requests) {
        const run = await programs.load(this.client,
            { port: this.port, file: this.files.get(key), clients, ms, requests });
        if (run.errors) throw new Error(`${this.name} with ${clients} clients: ${run.errors} ` +
            `errors (status ${run.last_error_status})`);
        return { p50: run.p50_ms, p99: run.p99_ms, perSecond: run.per_second };
    }
}

/** Runs `once` in `clients` loops for `ms`. */
async function loops(clients, ms, once) {
    const times = [];
    const began = performance.now();
    await Promise.all(Array.from({ length: clients }, async () => {
        do {
            const start = performance.now();
            await once();
            times.push(performance.now() - start);
        } while (performance.now() < began + ms);
    }));
    const took = performance.now() - began;
    return { p50: median(times), perSecond: (times.length / took) * 1000 };
}

/**
 * Playwright's page.evaluate. It has no way to pass bytes, so they go as base64 text, and nothing
 * decodes it: the cheapest echo that it can do, without a REST hop in front.
 */
export class Playwright {
    name = 'playwright';

    async start(flags, url) {
        this.browser = await playwright(flags);
        this.page = await this.browser.newPage();
        await this.page.goto(url);
        return this;
    }

    measure(text, clients, ms) {
        return loops(clients, ms, async () => {
            const back = await this.page.evaluate((value) => value, text);
            if (back.length !== text.length) throw new Error('playwright: not an echo');
        });
    }

    stop() { return this.browser.close(); }
}

/** WebDriver's execute/async, in the same terms. */
export class WebDriver {
    name = 'webdriver';

    async start(flags, url) {
        this.driver = await new PlainDriver().start(flags);
        await this.driver.navigate(url);
        return this;
    }

    measure(text, clients, ms) {
        return loops(clients, ms, async () => {
            const back = await this.driver.executeAsync(
                'arguments[arguments.length - 1](arguments[0])', text);
            if (back.length !== text.length) throw new Error('webdriver: not an echo');
        });
    }

    stop() { return this.driver.stop(); }
}

/** The floor and the browser whose page answers for it; with `models`, that page runs them. */
export class Floor {
    async start(program, flags, url, models = [], env = {}) {
        this.process = await programs.startFloor(program, env);
        this.driver = await new PlainDriver().start(flags);
        await this.driver.navigate(`${url}/floor.html?port=${this.process.page}&models=` +
            encodeURIComponent(JSON.stringify(models)));
        await until(async () => (await request(`http://127.0.0.1:${this.process.clients}/`,
            { method: 'POST', body: 'x' })).status === 200, { what: "the floor's page" });
        this.port = this.process.clients;
        return this;
    }

    async stop() {
        await this.driver.stop();
        this.process.stop();
    }
}
