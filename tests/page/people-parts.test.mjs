// tier: quick
/** What the person of a lent page can set, and when the page rests: without a browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { isRight, TESTS } from '../../page/src/people/device_tests.js';
import { durationOf, timeOf } from '../../page/src/people/figures.js';
import { readLink } from '../../page/src/people/link.js';
import { Log, MOST, Noter } from '../../page/src/people/log.js';
import { Results } from '../../page/src/link/results.js';
import { rulingOf, Usage } from '../../page/src/people/power.js';
import { resultOf } from '../../page/src/people/result.js';
import { carry, LONGEST, readFragment, SETTINGS, Settings } from '../../page/src/people/settings.js';
import { Wake } from '../../page/src/people/wake.js';
import { median } from '../../page/src/shared/median.js';
import { keep, recall } from '../../page/src/ui/kept.js';
import { Person } from '../../page/src/ui/person.js';
import { knownAnswers } from '../../scripts/known-answers.mjs';
import { right } from '../lib/kernels.mjs';
import { model, setUp } from './support/dispatcher.mjs';
import { ort } from './support/ort.mjs';

const GIB = 2 ** 30;
const DEFAULTS = { preferredDevice: 'high-performance', memoryLimit: 0, storageLimit: 16 * GIB, pauseOnBattery: false, pauseWhileHidden: false, wakeLock: false, minutesPerHour: 60, maxPeers: 0, discoveryInterval: 30_000,
    carryOthers: false, carryLimit: 2 ** 28, carryMinutes: 60 };

/** @param {string} fragment @param {string} [stored] */
function open(fragment, stored = '') {
    const { asked, problem } = readFragment(fragment), kept = [];
    const keep = (text) => {
        kept.push(text);
        return true;
    };
    return { asked, kept, settings: new Settings(asked, stored, keep, problem) };
}

/** A browser's storage with so much room, in texts. @param {number} room */
function storage(room) {
    const texts = new Map(), said = [];
    return { texts, said, getItem: (name) => texts.get(name) ?? null, removeItem: (name) => texts.delete(name),
        setItem: (name, text) => {
            if (texts.size === room) throw new DOMException('full', 'QuotaExceededError');
            texts.set(name, text);
            said.push(text);
        } };
}

test('a tab and a browser keep texts by name, and say when they do not', (t) => {
    const [tab, browser] = [storage(9), storage(0)], before = ['sessionStorage', 'localStorage'].map((place) => [place, Object.getOwnPropertyDescriptor(globalThis, place)]);
    const set = (/** @type {string} */ place, get) => Object.defineProperty(globalThis, place, { configurable: true, get });
    t.after(() => {
        for (const [place, was] of before) {
            delete globalThis[place];
            if (was) Object.defineProperty(globalThis, place, was);
        }
    });
    set('sessionStorage', () => tab);
    set('localStorage', () => browser);
    assert.equal(recall('sessionStorage', 'a'), '');
    assert.deepEqual([keep('sessionStorage', 'a', 'text'), keep('sessionStorage', 'a', 'text'), keep('sessionStorage', 'b', '')], [true, true, true]);
    assert.deepEqual([tab.said, recall('sessionStorage', 'a'), recall('localStorage', 'a')], [['text'], 'text', ''], 'the same text is written once');
    assert.deepEqual([keep('sessionStorage', 'a', ''), tab.texts.size], [true, 0]);
    assert.deepEqual([keep('localStorage', 'a', 'text'), keep('localStorage', 'a', '')], [false, true], 'it is full');
    set('localStorage', () => { throw new DOMException('no', 'SecurityError'); });
    assert.deepEqual([keep('localStorage', 'a', ''), recall('localStorage', 'a')], [false, ''], 'it may not be asked');
});

describe('settings', () => {
    test('are the defaults where nothing is said', () => {
        const { settings, kept } = open('token=t&start');
        assert.deepEqual(settings.values, DEFAULTS);
        assert.deepEqual([settings.problems, settings.isChosen, kept], [[], false, []]);
        for (const [name, { otherwise, read }] of Object.entries(SETTINGS))
            assert.equal(read(otherwise === false ? 'no' : String(otherwise)), otherwise, name);
    });

    test('come from the link, then from what the browser has kept', () => {
        const stored = JSON.stringify({ memoryLimit: String(GIB), preferredDevice: 'cpu', pauseOnBattery: 'yes' });
        const { settings } = open('token=t&preferredDevice=low-power&storageLimit=0&minutesPerHour=5', stored);
        assert.deepEqual(settings.values, { ...DEFAULTS, preferredDevice: 'low-power', memoryLimit: GIB, storageLimit: 0, pauseOnBattery: true, minutesPerHour: 5 });
        assert.equal(settings.isChosen, true);
        assert.deepEqual(settings.problems, []);
    });

    test('out of range are the default, which is said', () => {
        for (const [name, value] of [['preferredDevice', 'gpu'], ['memoryLimit', '1048575'], ['memoryLimit', '1099511627777'], ['memoryLimit', '-1'],
            ['memoryLimit', '1e9'], ['memoryLimit', '1.5'], ['memoryLimit', ''], ['memoryLimit', 'Infinity'], ['storageLimit', '1099511627777'], ['storageLimit', 'NaN'],
            ['pauseOnBattery', 'true'], ['pauseWhileHidden', '1'], ['minutesPerHour', '0'], ['minutesPerHour', '61'], ['minutesPerHour', '9'.repeat(200)], ['maxPeers', '51'], ['maxPeers', '-1'], ['discoveryInterval', '4999'], ['discoveryInterval', '3600001']]) {
            const { settings } = open(`token=t&${name}=${value}`, JSON.stringify({ [name]: value }));
            assert.deepEqual(settings.values, DEFAULTS, `${name}=${value}`);
            assert.equal(settings.problems.length, 2, name);
            for (const [i, who] of ['This browser has kept', 'The link says'].entries())
                assert.equal(settings.problems[i], `${who} ${name}=${value.slice(0, 40)}, but ${name} must be ${SETTINGS[name].expected}, so ${SETTINGS[name].instead}.`);
        }
    });

    test('that are the person’s alone are read from the browser, and from no link', () => {
        const stored = JSON.stringify({ carryOthers: 'yes', carryLimit: '1048576', carryMinutes: '1440' });
        const { settings } = open('token=t&carryOthers=no&carryMinutes=1', stored);
        assert.deepEqual(settings.values, { ...DEFAULTS, carryOthers: true, carryLimit: 2 ** 20, carryMinutes: 1440 });
        assert.deepEqual(settings.problems, ['carryOthers', 'carryMinutes'].map((name) => `The link says ${name}, but only the person at this page decides that.`));
        for (const [name, value] of [['carryOthers', '1'], ['carryLimit', '1048575'], ['carryLimit', '1099511627777'], ['carryMinutes', '0'], ['carryMinutes', '1441']])
            assert.deepEqual(open('token=t', JSON.stringify({ [name]: value })).settings.problems,
                [`This browser has kept ${name}=${value}, but ${name} must be ${SETTINGS[name].expected}, so ${SETTINGS[name].instead}.`]);
    });

    test('are not read from a huge link, nor from a huge or broken text', () => {
        const huge = `token=t&start&memoryLimit=1073741824&${'x'.repeat(LONGEST)}=1&gpu`;
        const { settings, asked } = open(huge);
        assert.deepEqual(settings.values, DEFAULTS);
        assert.match(settings.problems[0], new RegExp(`^The link has ${huge.length} characters\\. .* at most ${LONGEST} characters, so the defaults are used\\.$`));
        assert.equal(String(asked), 'token=t&start=&gpu=');
        for (const stored of ['{', '[1]', '7', 'null', '"x"', `{"memoryLimit":"1073741824","x":"${'x'.repeat(LONGEST)}"}`]) {
            const other = open('token=t', stored).settings;
            assert.deepEqual(other.values, DEFAULTS, stored.slice(0, 10));
        }
        assert.match(open('token=t', '{').settings.problems[0], /cannot be read, so the defaults are used/);
        assert.deepEqual(open('', JSON.stringify({ memoryLimit: 1073741824, other: 'x' })).settings.values, DEFAULTS);
    });

    test('that are chosen are kept, without the token, and hold in place of the link’s', () => {
        const { settings, asked, kept } = open('token=secret&preferredDevice=cpu&memoryLimit=5');
        let heard = 0;
        settings.onChange(() => heard++);
        assert.equal(settings.choose('preferredDevice', 'low-power'), '');
        assert.equal(settings.choose('memoryLimit', String(GIB)), '');
        assert.deepEqual(settings.values, { ...DEFAULTS, preferredDevice: 'low-power', memoryLimit: GIB });
        assert.equal(String(asked), 'token=secret');
        assert.deepEqual(JSON.parse(kept.at(-1)), { preferredDevice: 'low-power', memoryLimit: '1073741824' });
        assert.ok(!kept.some((text) => text.includes('secret')));
        assert.equal(heard, 2);
        assert.equal(settings.choose('memoryLimit', '1'), `memoryLimit must be ${SETTINGS.memoryLimit.expected}`);
        assert.equal(settings.values.memoryLimit, GIB);
        assert.equal(heard, 2);
        assert.equal(settings.isKept, true);
        settings.choose('memoryLimit', '');
        settings.choose('preferredDevice', 'high-performance');
        assert.equal(kept.at(-1), '', 'nothing is kept of defaults');
        assert.deepEqual(open('token=t', kept.at(-2)).settings.values, { ...DEFAULTS, preferredDevice: 'low-power' });
    });

    test('hold as long as the page is open where the browser keeps nothing', () => {
        const settings = new Settings(new URLSearchParams(), '', () => false);
        assert.equal(settings.choose('memoryLimit', '0'), '');
        assert.equal(settings.choose('minutesPerHour', '5'), '');
        assert.deepEqual([settings.isKept, settings.values], [false, { ...DEFAULTS, minutesPerHour: 5 }]);
    });

    test('come along to another origin, all of them', () => {
        const { settings, asked } = open('token=t&start=&storageLimit=0', JSON.stringify({ pauseOnBattery: 'yes', memoryLimit: String(GIB) }));
        settings.choose('preferredDevice', 'cpu');
        const carried = carry(settings.values, asked);
        assert.equal(String(carried), 'token=t&start=&storageLimit=0&preferredDevice=cpu&memoryLimit=1073741824&pauseOnBattery=yes&pauseWhileHidden=no&wakeLock=no&minutesPerHour=60&maxPeers=0&discoveryInterval=30000');
        assert.equal(String(asked), 'token=t&start=&storageLimit=0');
        const there = open(String(carried), JSON.stringify({ pauseWhileHidden: 'yes', minutesPerHour: '5' })).settings;
        assert.deepEqual([there.values, there.problems], [settings.values, []]);
    });
});

describe('a page rests', () => {
    const SENSES = { battery: null, hidden: false, saves: false, memory: 0 };
    const rules = (values, senses, used = 0) => rulingOf({ ...DEFAULTS, ...values }, { ...SENSES, ...senses }, used);

    test('as its person has set it, if the browser tells', () => {
        assert.deepEqual(rules({}, { battery: true, hidden: true }), { paused: '', slow: [] });
        assert.equal(rules({ pauseOnBattery: true }, { battery: true }).paused, 'this device runs on its battery');
        for (const battery of [false, null]) assert.equal(rules({ pauseOnBattery: true }, { battery }).paused, '');
        assert.equal(rules({ pauseWhileHidden: true }, { hidden: true }).paused, 'this page is hidden');
        assert.equal(rules({ minutesPerHour: 2 }, {}, 119_999).paused, '');
        assert.equal(rules({ minutesPerHour: 2 }, {}, 120_000).paused, 'it has computed for 2 minutes of this hour');
        assert.equal(rules({ minutesPerHour: 60 }, {}, 3600_000).paused, '');
    });

    test('or is slow where it saves energy, data or memory', () => {
        assert.deepEqual(rules({ preferredDevice: 'low-power' }, { battery: true }).slow, ['this device saves its battery']);
        assert.deepEqual(rules({ preferredDevice: 'low-power' }, { battery: false }).slow, []);
        assert.deepEqual(rules({ preferredDevice: 'cpu' }, { battery: true }).slow, []);
        assert.deepEqual(rules({}, { saves: true, memory: 2 }).slow, ['this browser is to save data', 'this device has at most 2 GiB of memory']);
        assert.deepEqual(rules({}, { memory: 4 }).slow, []);
    });

    test('after the minutes of an hour, which begins anew', () => {
        const usage = new Usage(), minute = 60_000;
        let now = 1e12;
        assert.equal(usage.note(now, true), 0);
        assert.equal(usage.note(now += minute, true), minute);
        assert.equal(usage.note(now += minute, false), 2 * minute);
        assert.equal(usage.note(now += 10 * minute, true), 2 * minute, 'nothing ran');
        assert.equal(usage.note(now += 30 * minute, false), 4 * minute, 'the device slept');
        const again = new Usage(String(usage));
        assert.equal(again.note(now, false), 4 * minute, 'the page was loaded again');
        assert.equal(again.note(now + 60 * minute, false), 0);
        assert.equal(again.note(0, false), 0, 'the clock was set back');
        for (const broken of ['', 'x', '1', '-1 5', '1 99999999999']) assert.equal(new Usage(broken).note(now, false), 0);
    });
});

test('figures are in words', () => {
    assert.deepEqual([timeOf(undefined), timeOf(0.123), timeOf(5), timeOf(12.34), timeOf(99.6), timeOf(1234.5)], ['–', '0.12 ms', '5 ms', '12 ms', '100 ms', '1235 ms']);
    assert.deepEqual([0, 59_999, 60_000, 3599_999, 7_260_000].map(durationOf), ['less than a minute', 'less than a minute', '1 min', '59 min', '2 h 1 min']);
});

test('one lock keeps the screen on, however often that is wanted and not wanted', async (t) => {
    const asked = [], held = new Set(), page = new EventTarget(), before = ['document', 'navigator'].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
    const request = () => new Promise((resolve) => asked.push(() => resolve({ released: false, release() { this.released = true; held.delete(this); } })));
    t.after(() => {
        for (const [name, was] of before) {
            delete globalThis[name];
            if (was) Object.defineProperty(globalThis, name, was);
        }
    });
    Object.defineProperty(globalThis, 'document', { configurable: true, value: Object.assign(page, { hidden: false }) });
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { wakeLock: { request: () => request().then((lock) => held.add(lock) && lock) } } });
    const wake = new Wake(), answer = async () => {
        for (const give of asked.splice(0)) give();
        await new Promise(setImmediate);
        return held.size;
    };
    const hide = (hidden) => {
        page.hidden = hidden;
        page.dispatchEvent(new Event('visibilitychange'));
    };
    assert.equal(await answer(), 0);
    wake.want(true);
    assert.equal(await answer(), 1);
    wake.want(false);
    assert.equal(await answer(), 0);
    for (const isWanted of [true, false, true]) wake.want(isWanted); // before the browser has answered
    assert.equal(asked.length, 2);
    assert.equal(await answer(), 1);
    wake.want(false);
    assert.equal(await answer(), 0, 'none is left over');
    wake.want(true);
    wake.want(false);
    assert.equal(await answer(), 0, 'it came too late');
    wake.want(true);
    await answer();
    hide(true);
    assert.equal(await answer(), 0);
    hide(false);
    assert.equal(await answer(), 1);
});

describe('a model that is larger than its person allows', () => {
    const sized = (bytes) => ({ ...model('large'), files: [{ path: 'model.onnx', url: '/x', bytes, hash: 'x' }] });

    test('is refused before anything of it is fetched, and another node may try', () => {
        const { world, dispatcher } = setUp();
        dispatcher.models.most = 1000;
        world.request('a', { model: sized(1001) });
        assert.deepEqual(world.failures, [['a', 'model_too_large', true, undefined]]);
        assert.deepEqual(world.runs('wasm'), []);
        assert.equal(dispatcher.counts.failed, 1);
        dispatcher.load({ id: 'l', type: 'model_load', from: 'service', timestamp: 0, data: { model: sized(1001), platforms: ['wasm'] } });
        assert.deepEqual(world.runs('wasm'), []);
        world.request('b', { model: sized(1000) });
        assert.deepEqual(world.runs('wasm'), ['b']);
    });
});

test('another device is taken once the page can be loaded again, and until then it computes as before', () => {
    const { asked, settings } = open(''), told = [], went = [];
    const person = new Person(settings, asked, { scripts: {}, fetched() {}, changed() {}, restart: (origin) => went.push(origin), open() {}, failed() {} });
    person.begin((message) => told.push(message), () => {});
    const show = (more) => person.show({ state: 'connected', joined: false, paused: false, running: 0, device: null, opens: '', ...more });
    show({});
    settings.choose('preferredDevice', 'cpu');
    show({});
    assert.deepEqual([told, person.rests], [[], '']);
    show({ opens: 'https://own.example' });
    assert.deepEqual(told, [{ type: 'pause', paused: true }]);
    show({ opens: 'https://own.example', paused: true, running: 1 });
    assert.equal(told.length, 1, 'what runs there ends first');
    show({ opens: 'https://own.example', paused: true });
    assert.deepEqual(told[1], { type: 'leave', reason: 'it is about to compute with another device' });
    assert.deepEqual(went, []);
    show({ state: 'stopped', paused: true });
    assert.deepEqual(went, ['https://own.example']);
});

describe('the log', () => {
    const STATE = { state: 'connected', detail: '', node: 'n-1', joined: true, shareable: false, paused: false, platforms: { wasm: { available: true }, webgpu: { available: false, reason: 'why' } },
        models: [], queued: 0, running: 0, answered: 0, failed: 0, replaced: 0, doing: [], memory: 0, sent: 0, received: 0, figures: null };

    function noted(...states) {
        const log = new Log(), noter = new Noter(log, () => new Date(0));
        for (const state of states) noter.state({ ...STATE, ...state });
        return { log, noter, said: log.filtered('info', '').reverse().map(({ level, message }) => `${level}: ${message}`) };
    }

    test('says what is different, and nothing twice', () => {
        const loaded = { name: 'm', hash: 'h', platform: 'wasm', state: 'loaded', bytes: 5 };
        const { said } = noted({}, {}, { answered: 2, failed: 1, models: [loaded] }, { answered: 2, failed: 1, models: [loaded], paused: true },
            { answered: 3, failed: 1, state: 'reconnecting', detail: 'secret', models: [{ ...loaded, state: 'failed', error: 'an input' }], replaced: 1 });
        assert.deepEqual(said, ['info: The page is connected.', 'info: The service calls this page n-1.', 'info: wasm is available.',
            'info: 2 tasks were done.', 'warn: 1 task has failed.', 'info: m is loaded on wasm.', 'info: The page is paused.',
            'warn: The connection dropped.', 'info: The page takes work again.', 'info: 1 task was done.', 'warn: 1 engine worker was replaced.', 'error: m could not be loaded on wasm.']);
    });

    test('has no text of engines and of the service in it', () => {
        const { log } = noted({ detail: 'SECRET', models: [{ name: 'm', hash: 'h', platform: 'wasm', state: 'failed', bytes: 0, error: 'SECRET' }],
            platforms: { wasm: { available: true, reason: 'SECRET', adapter: { description: 'SECRET' } } } }, { state: 'refused', detail: 'SECRET' });
        assert.equal(log.lines().includes('SECRET'), false);
        assert.ok(log.count > 3);
        const long = noted({ node: 'x'.repeat(5000) }).log.lines();
        assert.ok(long.length < 1000, 'names of others are cut');
    });

    test('keeps the last ones, and is filtered and saved', () => {
        const log = new Log();
        for (let i = 0; i < MOST + 5; i++) log.add(i % 100 === 0 ? 'error' : i % 10 === 0 ? 'warn' : 'info', `Entry ${i}\nof many`, new Date(i));
        assert.equal(log.filtered('info', '').length, MOST);
        assert.equal(log.filtered('info', '')[0].message, `Entry ${MOST + 4}\nof many`);
        assert.equal(log.filtered('warn', '').length, MOST / 10);
        assert.equal(log.filtered('error', '').length, MOST / 100);
        assert.deepEqual(log.filtered('info', ' ENTRY 77\nof ').map(({ at }) => at), ['1970-01-01T00:00:00.077Z']);
        const lines = log.lines().trimEnd().split('\n');
        assert.equal(lines.length, MOST);
        assert.deepEqual(JSON.parse(lines[0]), { at: '1970-01-01T00:00:00.005Z', level: 'info', message: 'Entry 5\nof many' });
    });
});

test('a link is only for the service that it names', () => {
    const here = 'https://here.example:8471';
    assert.deepEqual(readLink(` ${here}/#token=abc&start \n`, here), { address: '/#token=abc&start', problem: '' });
    assert.deepEqual(readLink(`${here}/?node_endpoints=x#token=abc`, here), { address: '/?node_endpoints=x#token=abc', problem: '' });
    for (const [link, named] of [['http://10.9.9.9:1/#token=t', 'http://10.9.9.9:1'], ['https://here.example:8471@evil/#token=t', 'https://evil'],
        ['http://here.example:8471/#token=t', 'http://here.example:8471'], ['https://here.example/#token=t', 'https://here.example']]) {
        const { address, problem } = readLink(link, here);
        assert.equal(address, '', link);
        assert.ok(problem.startsWith(`This link is for ${named}, and this page belongs to ${here}. Nothing was sent there.`), problem);
    }
    for (const link of ['', 'token=t', '//evil/#token=t', 'javascript:alert(1)', 'data:text/html,x', 'ftp://here.example:8471/#token=t', 'https://'])
        assert.match(readLink(link, here).problem, /^This is not a join link\. One of this service begins with https:\/\/here\.example:8471\/#token=\./, link);
    for (const link of [`${here}/`, `${here}/#`, `${here}/#token=`, `${here}/?token=t`]) assert.match(readLink(link, here).problem, /^The link has no token\./, link);
    assert.equal(readLink(`${here}/#token=${'x'.repeat(100_000)}`, here).problem, 'A link has at most 4096 characters, and this has 100033.');
});

describe('a result', () => {
    const FOUND = [
        { platform: 'wasm', adapter: '', reason: '', failed: false, rows: [{ test: 'matmul 256', right: true, ms: 2, samples: [3, 2, 1] }] },
        { platform: 'webgpu', adapter: 'SECRET', reason: '', failed: false, rows: [{ test: 'matmul 256', right: false, ms: 2, samples: [2] }] },
        { platform: 'webgl', adapter: '', reason: 'SECRET', failed: true, rows: [] },
        { platform: 'webnn', adapter: '', reason: 'SECRET', failed: false, rows: [] },
    ];

    test('has numbers, and no text of this device', () => {
        assert.deepEqual(resultOf(FOUND), { test: 'matmul 256', cells: [{ platform: 'wasm', outcome: 'ok', samples_ms: [3, 2, 1] },
            { platform: 'webgpu', outcome: 'inexact', samples_ms: [2] }, { platform: 'webgl', outcome: 'failed' }, { platform: 'webnn', outcome: 'absent' }] });
    });

    function sender() {
        const world = { now: 0, sent: 0 }, results = new Results(() => { world.sent++; }, () => world.now);
        return { world, results, send: (isConnected = true) => results.send(resultOf(FOUND), isConnected),
            news: () => [world.sent, results.news?.number, results.news?.state, results.news?.says] };
    }

    test('is sent, and it is told what became of it', () => {
        const { results, send, news } = sender();
        assert.deepEqual(news(), [0, undefined, undefined, undefined]);
        send();
        assert.deepEqual(news(), [1, 1, 'sent', '']);
        send();
        assert.deepEqual(news(), [1, 1, 'sent', ''], 'one at a time');
        results.heard({ reply_to: 'p1', run: 'run-1' });
        assert.deepEqual(news(), [1, 2, 'kept', 'run-1']);
        results.heard({ reply_to: 'p1', run: 'run-2' });
        results.lost();
        assert.deepEqual(news(), [1, 2, 'kept', 'run-1'], 'nothing is awaited');
        send();
        results.heard({ code: 'client_share_used', reason: 'x'.repeat(1000) });
        assert.deepEqual(news(), [2, 4, 'refused', 'x'.repeat(300)]);
        send();
        results.heard({});
        assert.deepEqual(news(), [3, 6, 'refused', 'it gives no reason']);
    });

    test('is not known to be there where the connection drops, and goes nowhere without one', () => {
        const { world, results, send, news } = sender();
        send(false);
        assert.deepEqual(news(), [0, 1, 'unsent', '']);
        send();
        results.lost();
        assert.deepEqual(news(), [1, 3, 'lost', '']);
        send(); // of which an older service says nothing
        world.now = 10_000;
        send();
        assert.deepEqual(news(), [3, 5, 'sent', '']);
    });
});

describe('the tests of the device', () => {
    test('have the right answers', () => {
        assert.equal(fs.readFileSync(new URL('../../page/src/people/known_answers.js', import.meta.url), 'utf8'), knownAnswers(), 'run: node scripts/known-answers.mjs');
        for (const { name, kernel, inputs, answer } of TESTS.filter((one) => one.kernel)) {
            const wanted = right[kernel](inputs.map(({ shape, values }) => ({ shape, values: [...values] })), {}).values;
            assert.ok(isRight(answer(), wanted), name);
        }
    });

    test('are the same as graphs, as onnxruntime computes them', async () => {
        for (const { name, graph, inputs, answer } of TESTS) {
            const session = await ort.InferenceSession.create(graph(), { executionProviders: ['wasm'] });
            const feeds = Object.fromEntries(inputs.map(({ name: input, shape, values }) => [input, new ort.Tensor('float32', values, shape)]));
            const { y } = await session.run(feeds);
            assert.ok(isRight(y.data, answer()), name);
            await session.release();
        }
    });

    test('find what is wrong', () => {
        assert.ok(isRight([1, 1000.5], [1, 1000]));
        for (const wrong of [[1], [1, 1002], [1, NaN], [1, 1000, 0], []]) assert.equal(isRight(wrong, [1, 1000]), false, String(wrong));
        assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([Infinity, 1])], [2, 2, 1]);
    });
});
