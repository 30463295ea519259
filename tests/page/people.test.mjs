// tier: full
/** What a person sees and sets who lends a browser: figures, limits, the device, and when the page rests. */
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { builtPage, launch } from './support/browser.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { BATTERY, CLOCK, HIDDEN, withPerson } from './support/person.mjs';
import { NONCE, TOKEN } from './support/service.mjs';
import { findWebkit, launchWebkit } from './support/webkit.mjs';

const firefox = findFirefox(), webkit = findWebkit();
if (process.env.CI && !(firefox && webkit)) throw new Error('Firefox or WebKitGTK is missing: ./dev setup installs them');
const LIMIT = 2 ** 20;
/** A model whose runs are long enough for several threads. */
const LONG = 'cnn_squeezenet_randw';

/** What else a browser may tell. */
const NO_BATTERY = 'delete Navigator.prototype.getBattery;';
const SAVES = "Object.defineProperty(Navigator.prototype, 'connection', { configurable: true, get: () => ({ saveData: true }) });";
/** A browser that knows the media feature, and whose person wants it. */
const REDUCED = `{
    const ask = matchMedia.bind(globalThis), query = '(prefers-reduced-data: reduce)';
    globalThis.matchMedia = (asked) => (asked === query ? Object.assign(new EventTarget(), { media: asked, matches: true }) : ask(asked));
}`;
const SMALL = "Object.defineProperty(Navigator.prototype, 'deviceMemory', { configurable: true, get: () => 1 });";
const FULL = "Storage.prototype.setItem = () => { throw new DOMException('it is full', 'QuotaExceededError'); };";
/** What a browser does that is told to forget a site. */
const CLEARED = `(async () => {
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
    const root = await navigator.storage?.getDirectory?.().catch(() => null);
    for await (const name of root?.keys() ?? []) await root.removeEntry(name, { recursive: true }).catch(() => {});
})()`;
/** How many locks keep the screen on. */
const LOCK = `globalThis.locks = 0;
globalThis.lock = () => ({ released: false, release() { if (!this.released) { this.released = true; locks--; } } });
Object.defineProperty(Navigator.prototype, 'wakeLock', { configurable: true,
    get: () => ({ request: async () => { locks++; return globalThis.lock(); } }) });`;
/** Which adapters are asked for: in the document for WebGL, and in the worker for WebGPU. */
const ASKED = `globalThis.asked = [];
globalThis.told = new BroadcastChannel('asked');
globalThis.told.onmessage = ({ data }) => globalThis.asked.push(data);
{
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, options) {
        if (kind === 'webgl2') globalThis.asked.push(options?.powerPreference);
        return get.call(this, kind, options);
    };
}`;
const TELLS_ASKED = `if (globalThis.GPU) {
    const request = GPU.prototype.requestAdapter, told = new BroadcastChannel('asked');
    GPU.prototype.requestAdapter = function (options) {
        told.postMessage(options?.powerPreference);
        return request.call(this, options);
    };
}`;
const first = (script) => (name, content) => (name.startsWith('main-') ? `${script}\n${content}` : content);

let page;
before(() => { page = builtPage(); });
after(() => page?.remove());

const beats = (service, since = 0) => service.messages.slice(since).filter(({ type }) => type === 'heartbeat');
const stored = (tab) => tab.evaluate("localStorage.getItem('webinfer.settings') ?? ''");

/** A model of that many bytes. */
const sized = (service, bytes) => service.addModel('large', readCase('op_add').onnx, undefined, { 'own.bin': Buffer.alloc(bytes) });

for (const [name, start, unless] of [['Chromium', launch, needsCases],
    ['Firefox', () => launchFirefox(firefox), firefox ? needsCases : { skip: 'there is no Firefox' }],
    ['WebKitGTK', () => launchWebkit(webkit), webkit ? needsCases : { skip: 'there is no WebKitGTK' }]]) {
    describe(`the person of a page, in ${name}`, unless, () => {
        let browser;
        before(async () => { browser = await start(); });
        after(() => browser?.close());
        const personTest = (what, run, options = {}) => test(what, () => withPerson(browser, page.folder, options, run));

        personTest('sees what the service counts', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open('&start');
            await person.is('connected');
            service.silent = true; // its own heartbeats tell nothing
            await person.says('figure-uptime', /min/);
            service.send('heartbeat', { seq: 1, answered: 12, failed: 3, heartbeats_lost: 1, task_ms_p50: 7.25, rtt_ms: 0.5 });
            await person.says('figure-answered', /^12$/);
            const told = await tab.evaluate("[...document.querySelectorAll('#figures dd')].map(({ textContent }) => textContent).join()");
            assert.match(told, /^connected,less than a minute,12,3,0,7\.3 ms,0\.5 ms,1$/);
            check(found, await service.run(service.addModel('sum', found.onnx), found.inputs));
            await person.press('pause');
            await person.says('figure-state', /^paused$/);
        });

        personTest('limits the memory, and a model that is larger is refused before a byte of it is fetched', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open(`&start&memoryLimit=${LIMIT}`);
            await person.is('connected');
            const announced = await service.seen('node_announcement');
            assert.equal(announced.data.capabilities.memory_limit, LIMIT);
            const large = sized(service, LIMIT);
            const { ok, error, retryable } = (await service.run(large, found.inputs)).data;
            assert.deepEqual([ok, error.code, retryable], [false, 'model_too_large', true]);
            assert.match(error.message, /and the user of this node allows 1048576 for models$/);
            assert.deepEqual(service.fetched, []);
            check(found, await service.run(sized(service, 1000), found.inputs));
            // What is loaded has no more than that together, though the service would allow a thousand times as much.
            for (let i = 0; i < 2; i++) check(found, await service.run(sized(service, Math.round(LIMIT * 0.6)), found.inputs));
            await service.seen('model_status', (m) => m.data.models.some(({ state }) => state === 'evicted'));
            // In the page, it is raised, and kept for the next time.
            let since = service.messages.length;
            await person.choose('memoryLimit', 0.5);
            await service.seen('capability_report', (m) => m.data.capabilities.memory_limit === 2 ** 29, since);
            check(found, await service.run(large, found.inputs));
            assert.deepEqual(JSON.parse(await stored(tab)), { memoryLimit: String(2 ** 29) });
            // Lowered, it unloads at once what exceeds it.
            const larger = sized(service, 2 * LIMIT);
            check(found, await service.run(larger, found.inputs));
            since = service.messages.length;
            await person.choose('memoryLimit', 0.001);
            await service.seen('model_status', (m) => m.data.models.some(({ hash, state }) => hash === larger.hash && state === 'evicted'), since);
            await person.choose('memoryLimit', 0.5);
            since = service.messages.length;
            await person.open('&start');
            const again = await service.seen('node_announcement', () => true, since);
            assert.equal(again.data.capabilities.memory_limit, 2 ** 29);
            // And what is not allowed is said, and changes nothing.
            await person.says('settings', /Memory for models/);
            await person.choose('memoryLimit', 0.0001);
            await person.says('memoryLimit-problem', /^The limit is a number from 0\.001 to 1024, or 0, or nothing\. Nothing was changed\.$/);
            await person.choose('memoryLimit', '');
            await service.seen('capability_report', (m) => m.data.capabilities.memory_limit === undefined, since);
            assert.equal(await stored(tab), '');
        });

        personTest('allows more than the service does, whose limit holds then', async (person) => {
            const { service } = person, found = readCase('op_add');
            await person.open(`&start&memoryLimit=${2 ** 30}`);
            await person.is('connected');
            for (let i = 0; i < 2; i++) check(found, await service.run(sized(service, Math.round(LIMIT * 0.6)), found.inputs));
            await service.seen('model_status', (m) => m.data.models.some(({ state }) => state === 'evicted'));
        }, { welcome: { model_budget_bytes: LIMIT } });

        // WebKitGTK 2.50 keeps no files.
        if (name !== 'WebKitGTK') personTest('lowers the storage, and files go at once', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            const kept = (what) => tab.waitFor(`(({ hidden, textContent }) => ${what})(document.getElementById('kept'))`);
            await person.open('&start');
            await person.is('connected');
            check(found, await service.run(sized(service, 2 * LIMIT), found.inputs));
            await kept("!hidden && textContent.includes('(2 files)')");
            await person.says('settings', /Storage for models/);
            await person.choose('storageLimit', 0.001);
            await kept("hidden || textContent.includes('(1 file)')");
            await person.choose('storageLimit', 0);
            await kept('hidden');
        });

        personTest('is told what was wrong with a link, and finds no token in what is kept', async (person) => {
            const { service, tab } = person;
            await person.open('&start&memoryLimit=5&preferredDevice=quantum');
            await person.is('connected');
            await person.says('settings-problems', /The link says preferredDevice=quantum, but .* high-performance, low-power or cpu, so the fastest device is used\./);
            await person.says('settings-problems', /The link says memoryLimit=5, but memoryLimit must be 0, or a number of bytes from 1048576 to/);
            assert.equal((await service.seen('node_announcement')).data.capabilities.memory_limit, undefined);
            await person.choose('storageLimit', 1);
            await tab.waitFor("localStorage.length === 1");
            const kept = await tab.evaluate('JSON.stringify(Object.entries(localStorage))');
            assert.equal(kept.includes(TOKEN), false, kept);
            await person.open(`&start&memoryLimit=${LIMIT}&${'x'.repeat(5000)}`);
            await person.is('connected');
            await person.says('settings-problems', /^The link has \d{4} characters\. Settings are read from links of at most 4096 characters, so the defaults are used\.$/);
        });

        personTest('has what it chose until the page is closed where the browser keeps nothing, and is told so', async (person) => {
            const { service, tab } = person;
            await person.open('&start');
            await person.is('connected');
            await person.says('settings', /Memory for models/);
            const since = service.messages.length;
            await person.choose('memoryLimit', 0.5);
            await service.seen('capability_report', (m) => m.data.capabilities.memory_limit === 2 ** 29, since);
            await person.says('settings-unkept', /^This browser keeps nothing for this page\./);
            assert.equal(await stored(tab), '');
        }, { alter: first(FULL) });

        personTest('lets the processor alone compute, and later another device', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open('&start&preferredDevice=cpu');
            await person.is('connected');
            await service.probed();
            const { platforms } = service.capabilities;
            for (const platform of ['webgpu', 'webnn', 'webgl'])
                assert.deepEqual(platforms[platform], { available: false, reason: 'the user of this browser lets it compute with the processor only' });
            assert.equal(service.served.some((path) => /engine-web/.test(path)), false);
            check(found, await service.run(service.addModel('sum', found.onnx), found.inputs));
            const since = service.messages.length;
            await person.says('settings', /Device to compute with/);
            await person.choose('preferredDevice', 'low-power');
            const again = await service.seen('node_announcement', (m) => m.data.token === TOKEN, since);
            assert.notEqual(again.data.capabilities.platforms.webgl.reason, platforms.webgl.reason);
            assert.ok(beats(service, since).some(({ data }) => data.paused), 'it takes nothing new before it loads itself again');
            await person.is('connected');
            await service.caughtUp();
            assert.ok(!beats(service).at(-1).data.paused);
            assert.equal(await tab.evaluate("document.getElementById('preferredDevice')?.value ?? 'low-power'"), 'low-power');
        });

        personTest('has the graphics card asked for that is preferred', async (person) => {
            const { service, tab } = person;
            for (const device of ['low-power', 'high-performance']) {
                const since = service.messages.length;
                await person.open(`&start&preferredDevice=${device}`);
                await person.is('connected');
                await service.seen('node_announcement', () => true, since);
                await tab.waitFor(`asked.length >= ${name === 'Chromium' ? 2 : 1}`); // for WebGL, and in the worker for WebGPU
                assert.equal(await tab.evaluate('[...new Set(asked)].join()'), device);
            }
        }, { alter: (file, content) => (file.startsWith('engine-webgpu-') ? `${TELLS_ASKED}\n${content}` : first(ASKED)(file, content)) });

        personTest('has it rest on battery, and is told why; the button is apart from that', async (person) => {
            const { service, tab } = person;
            await person.open('&start&pauseOnBattery=yes');
            await person.is('connected');
            let since = service.messages.length;
            await tab.evaluate('plug(false)');
            await service.seen('heartbeat', (m) => m.data.paused === true, since);
            await person.is('paused');
            await person.says('state', /^Paused\. .* \(because this device runs on its battery\)$/);
            await person.says('power-now', /^Resting, because this device runs on its battery\.$/);
            await person.press('pause');
            await person.says('pause', /^Continue$/);
            assert.match(await person.text('state'), /^Paused\. Nothing runs here/);
            since = service.messages.length;
            await tab.evaluate('plug(true)');
            await person.says('power-now', /^No rule applies now\.$/);
            await person.is('paused');
            assert.equal((await service.caughtUp()).data.paused, true, 'its person has paused it, too');
            await person.press('pause');
            await service.seen('heartbeat', (m) => !m.data.paused, since);
            await person.is('connected');
        }, { alter: first(BATTERY) });

        personTest('has it rest while it is hidden', async (person) => {
            const { service, tab } = person;
            await person.open('&start');
            await person.is('connected');
            await person.says('settings', /Pause while this page is hidden/);
            await person.choose('pauseWhileHidden', true);
            let since = service.messages.length;
            await tab.evaluate('hide(true)');
            await service.seen('heartbeat', (m) => m.data.paused === true, since);
            since = service.messages.length;
            await tab.evaluate('hide(false)');
            await service.seen('heartbeat', (m) => !m.data.paused, since);
            assert.deepEqual(JSON.parse(await stored(tab)), { pauseWhileHidden: 'yes' });
            // The screen is kept on while it is not hidden and takes work, from when its person wants that.
            assert.equal(await tab.evaluate('locks'), 0);
            await person.choose('wakeLock', true);
            await tab.waitFor('locks === 1');
            assert.deepEqual(JSON.parse(await stored(tab)), { pauseWhileHidden: 'yes', wakeLock: 'yes' });
            await tab.evaluate('hide(true)');
            await tab.waitFor('locks === 0');
            await tab.evaluate('hide(false)');
            await tab.waitFor('locks === 1');
            await person.press('pause');
            await tab.waitFor('locks === 0');
            await person.press('pause');
            await tab.waitFor('locks === 1');
            await person.choose('wakeLock', false);
            await tab.waitFor('locks === 0');
        }, { alter: first([HIDDEN, LOCK].join('\n')) });

        personTest('has it rest after some minutes of an hour, and keeps the screen on meanwhile', async (person) => {
            const { service, tab } = person;
            await person.open('&start&minutesPerHour=2&wakeLock=yes');
            await person.is('connected');
            await tab.waitFor('locks === 1');
            const running = service.request({ name: 'builtin/count', hash: '', engine: 'builtin', files: [] }, [], { options: { count: 1000, interval_ms: 50 } });
            await tab.waitFor("document.documentElement.dataset.running === '1'");
            await person.says('power-now', /^No rule applies now\.$/);
            let since = service.messages.length;
            for (let i = 0; i < 2; i++) await tab.evaluate('pass(60_000)');
            await service.seen('heartbeat', (m) => m.data.paused === true, since);
            await person.says('power-now', /^Resting, because it has computed for 2 minutes of this hour\.$/);
            // The tab has kept that, for where the system ends the page.
            await tab.waitFor("/^\\d+ 1[2-9]\\d{4}$/.test(sessionStorage.getItem('webinfer.used') ?? '')");
            await tab.waitFor('locks === 0');
            since = service.messages.length;
            service.send('task_cancel', { attempt_id: running });
            await tab.waitFor("document.documentElement.dataset.running === '0'");
            await tab.evaluate('pass(3600_000)');
            await service.seen('heartbeat', (m) => !m.data.paused, since);
            await tab.waitFor('locks === 1');
        }, { alter: first([HIDDEN, CLOCK, LOCK].join('\n')) });

        personTest('is told what this browser does not tell', async (person) => {
            const { tab } = person;
            await person.open('&start&pauseOnBattery=yes');
            await person.is('connected');
            await person.says('settings', /does not tell pages whether the device runs on its battery, so this has no effect here\. Chrome, Edge/);
            assert.equal(await tab.evaluate("document.getElementById('pauseOnBattery').disabled"), true);
            assert.equal(await tab.evaluate("document.getElementById('pauseWhileHidden').disabled"), false);
            // Each rule names the browsers that can tell, and says so where this one cannot.
            const rules = Object.fromEntries(await tab.evaluate(`JSON.stringify([...document.querySelectorAll('#rules .switch + .hint, #rules [data-rule]')]
                .map((one) => [one.dataset.rule ?? one.id, one.textContent]))`).then(JSON.parse));
            assert.deepEqual(Object.keys(rules), Object.keys(BROWSERS));
            for (const [rule, browsers] of Object.entries(BROWSERS)) assert.match(rules[rule], browsers);
            const missing = Object.keys(rules).filter((rule) => rule !== 'wakeLock-hint' && rules[rule].includes('This browser does not tell pages'));
            assert.deepEqual(missing, ['pauseOnBattery-hint', 'battery', ...(name === 'Chromium' ? [] : ['saves', 'memory'])]);
            await person.is('connected');
        }, { alter: first(NO_BATTERY) });

        for (const [what, script, fragment] of [['data is to be saved', SAVES, ''], ['its person prefers reduced data', REDUCED, ''], ['it has little memory', SMALL, ''],
            ['it saves its battery', `${BATTERY}\nbattery.charging = false;`, '&preferredDevice=low-power']]) {
            personTest(`has it slow while ${what}: one thread, and it says so`, async (person) => {
                const { service } = person, found = readCase(LONG);
                await person.open(`&start${fragment}`);
                await person.is('connected');
                await service.seen('heartbeat', (m) => m.data.throttled === true);
                await person.says('power-now', /^Slow, because /);
                const answer = await service.run(service.addModel('long', found.onnx), found.inputs);
                check(found, answer);
                assert.equal(answer.data.executed_on.threads, 1);
                assert.equal((await service.caughtUp()).data.throttled, true);
            }, { alter: first(script), welcome: { threads: 2, language_models: { threads: 2 } } });
        }

        personTest('has it slow from when its device runs on its battery: what is loaded there is computed with one thread, too', async (person) => {
            const { service, tab } = person, found = readCase(LONG), model = service.addModel('long', found.onnx);
            await person.open('&start&preferredDevice=low-power');
            await person.is('connected');
            const threads = async () => {
                const answer = await service.run(model, found.inputs);
                check(found, answer);
                return answer.data.executed_on.threads;
            };
            assert.equal(await threads(), 2);
            await tab.evaluate('plug(false)');
            await service.seen('heartbeat', (m) => m.data.throttled === true);
            assert.equal(await threads(), 1);
        }, { alter: first(BATTERY), welcome: { threads: 2 } });

        personTest('goes on where all that the browser keeps is cleared under it', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            service.devices = 'yes';
            await person.open();
            await person.is('asking');
            await tab.waitFor("document.getElementById('remember')?.checkVisibility() === true");
            await person.choose('remember', true);
            await person.choose('storageLimit', 1);
            await person.press('start');
            await person.is('connected');
            const kept = "[localStorage.length, document.getElementById('remember').checked].join()";
            await tab.waitFor('indexedDB.databases().then(({ length }) => length === 1)');
            check(found, await service.run(service.addModel('sum', found.onnx), found.inputs));
            assert.equal(await tab.evaluate(kept), '1,true');
            await tab.evaluate(CLEARED);
            await tab.waitFor('localStorage.length === 0');
            check(found, await service.run(service.addModel('another', found.onnx), found.inputs));
            let since = service.messages.length;
            await person.choose('memoryLimit', 0.5);
            await service.seen('capability_report', (m) => m.data.capabilities.memory_limit === 2 ** 29, since);
            assert.deepEqual(JSON.parse(await stored(tab)), { storageLimit: String(2 ** 30), memoryLimit: String(2 ** 29) });
            // Its key is lost, and the switch makes another one.
            since = service.messages.length;
            await person.choose('remember', false);
            await service.seen('forget_device', () => true, since);
            await person.choose('remember', true);
            const { device_key: key } = (await service.seen('node_announcement', () => true, since)).data;
            assert.notEqual(key, (await service.seen('node_announcement')).data.device_key);
            await tab.waitFor('indexedDB.databases().then(({ length }) => length === 1)');
        }, { welcome: { device: { remembered: true } } });

        personTest('has this device remembered, and joins later without a link', async (person) => {
            const { service, tab } = person, { url } = service, kept = (count) => tab.waitFor(`indexedDB.databases().then(({ length }) => length === ${count})`);
            const bare = (state) => tab.goto('about:blank').then(() => tab.goto(`${url}/`)).then(() => person.is(state));
            service.devices = 'yes';
            await person.open();
            await person.is('asking');
            await tab.waitFor("document.getElementById('remember')?.checkVisibility() === true");
            await kept(0);
            await person.choose('remember', true);
            await person.press('start');
            await person.is('connected');
            const { token, device_key: key } = (await service.seen('node_announcement')).data;
            assert.deepEqual([token, /^[\w-]{43}$/.test(key)], [TOKEN, true]);
            await kept(1);
            assert.equal(await tab.evaluate("JSON.stringify(localStorage)"), '{}');
            await person.press('stop');
            await person.is('stopped');

            let since = service.messages.length;
            await bare('asking');
            await person.says('state', /^The service remembers this browser, so this page needs no link\./);
            await person.press('start');
            const again = await service.seen('node_announcement', () => true, since);
            assert.deepEqual([again.data.token, again.data.device], [undefined, { key }]);
            const { signature } = (await service.seen('device_proof', () => true, since)).data;
            assert.ok(verify(null, Buffer.concat([Buffer.from(`webinfer-device\0${url}\0`), Buffer.from(NONCE, 'base64url')]),
                createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' }), Buffer.from(signature, 'base64url')));
            await person.is('connected');

            since = service.messages.length;
            await person.says('remember-hint', /keeps a key/);
            await person.choose('remember', false);
            await service.seen('forget_device', () => true, since);
            await kept(0);
            await person.says('remember-problem', /^This device is not remembered: this page was opened without a link\.$/);
            await person.press('stop');
            await bare('no-token');
            assert.equal(await tab.evaluate("document.getElementById('remember')?.checkVisibility() ?? false"), false);
        }, { welcome: { device: { remembered: true } } });

        personTest('is told why this device is not remembered', async (person) => {
            const { service, tab } = person;
            service.devices = 'yes';
            await person.open();
            await person.is('asking');
            await tab.waitFor("document.getElementById('remember')?.checkVisibility() === true");
            await person.says('remember-problem', /^This device is not remembered: this browser makes no keys of the kind that is needed, Ed25519\.$/);
            assert.equal(await tab.evaluate("document.getElementById('remember').disabled"), true);
        }, { alter: first('crypto.subtle.generateKey = () => Promise.reject(new DOMException("no", "NotSupportedError"));') });

        personTest('is told where the browser does not keep the key of this device, and the service forgets it', async (person) => {
            const { service, tab } = person;
            service.devices = 'yes';
            await person.open();
            await person.is('asking');
            await tab.waitFor("document.getElementById('remember')?.checkVisibility() === true");
            await person.choose('remember', true);
            await person.press('start');
            await person.is('connected');
            assert.match((await service.seen('node_announcement')).data.device_key, /^[\w-]{43}$/);
            await service.seen('forget_device');
            await person.says('remember-problem', /^This device is not remembered: this browser lets the page store nothing, so it cannot keep a key\.$/);
            assert.equal(await tab.evaluate("document.getElementById('remember').checked"), false);
            await person.is('connected');
        }, { alter: first('IDBObjectStore.prototype.put = function () { this.transaction.abort(); return {}; };'), welcome: { device: { remembered: true } } });

        personTest('has a session of the service untouched: the same requests and messages as ever', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open('&start');
            await person.is('connected');
            await service.probed();
            check(found, await service.run(service.addModel('sum', found.onnx), found.inputs));
            const { data } = await service.caughtUp();
            assert.deepEqual(Object.keys(data), ['seq', 'reply_to', 'running', 'busy_since_ms']);
            assert.deepEqual(Object.keys(service.capabilities).sort(), ['browser', 'cores', 'cross_origin_isolated', 'engine_info', 'engines',
                'memory_gib', 'os', 'platforms', 'task_types']);
            const files = [...new Set(service.served.map((path) => path.replace(/-[0-9a-f]{12}/, '')))].filter((path) => path !== '/favicon.ico').sort();
            assert.deepEqual([files, service.words], [REQUESTS[name], []]);
            assert.deepEqual([...new Set(service.messages.map(({ type }) => type))].filter((type) => !MESSAGES.includes(type)), []);
            const announced = await service.seen('node_announcement');
            assert.deepEqual(Object.keys(announced.data).sort(), ['capabilities', 'page_version', 'protocol', 'token']);
            assert.equal(await tab.evaluate("document.getElementById('settings') === null && localStorage.length === 0 && sessionStorage.length === 0"), true);
        }, { welcome: { joined: false } });
    });
}

/** The browsers that tell what each rule needs. */
const CHROMIUM = 'Chrome, Edge, Opera and other browsers made from Chromium tell a page';
const BROWSERS = {
    'pauseOnBattery-hint': RegExp(`${CHROMIUM}, if it is opened by https, whether the device runs on its battery\\.$`),
    'pauseWhileHidden-hint': /^All browsers tell a page whether it is hidden\.$/,
    'wakeLock-hint': /Most browsers let a page that is opened by https keep the screen on\.$/,
    battery: RegExp(`${CHROMIUM}, if it is opened by https, whether the device runs on its battery\\.$`),
    saves: RegExp(`${CHROMIUM} whether data is to be saved\\.$`),
    memory: RegExp(`${CHROMIUM}, if it is opened by https, about how much memory the device has\\.$`),
};

/** What a session's page says that is asked for one task. */
const MESSAGES = ['node_announcement', 'capability_report', 'model_status', 'heartbeat', 'task_accepted', 'task_progress', 'task_response', 'log'];

/** The files that a session's page asks for, with a model on WASM: as this test found them with the page of the commit 4b19efec,
 * before there was anything for people. */
const FILES = ['/', '/engine-wasm.js', '/link.js', '/main.js', '/ort-wasm-simd-threaded.mjs', '/ort-wasm-simd-threaded.wasm', '/style.css'];
const REQUESTS = {
    Chromium: [...FILES, '/engine-webgpu-jspi.js'].sort(),
    Firefox: [...FILES, '/engine-webgpu-jspi.js'].sort(),
    WebKitGTK: FILES,
};
