// tier: quick
/** What the console is made of that needs no browser: events, objects, figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningsOf } from '../../page/src/console/advice.js';
import { h, kept } from '../../page/src/console/draw.js';
import { bytes, count, duration, milliseconds, NOTHING, plain, rate } from '../../page/src/console/format.js';
import { fieldsOf, passes, textOf, timeOf, unsaidOf } from '../../page/src/console/lines.js';
import { placesOf, restingOf } from '../../page/src/console/places.js';
import { commandsOf } from '../../page/src/console/playground/code.js';
import { FORMS } from '../../page/src/console/playground/forms.js';
import { runCommands, shellCommands } from '../../page/src/console/playground/shell.js';
import { dataOf } from '../../page/src/console/plotted.js';
import { nodeRows, NODES_MOST, operatorRows, profilePlaces } from '../../page/src/console/profile_rows.js';
import { EventParser } from '../../page/src/console/sse.js';
import { Store } from '../../page/src/console/store.js';
import { sentencesOf } from '../../page/src/console/told.js';
import { pageBefore } from '../../page/src/console/views/nodes.js';

const STREAM = ': alive\n\nevent: snapshot\r\ndata: {"a":1,\r\ndata: "b":2}\rid: run-1\r\n\r\n:\n\ndata:x\ndata\n\nid: run-2\n\nevent: change\ndata: {}\n\ndata: cut';
const EVENTS = [{ event: 'snapshot', data: '{"a":1,\n"b":2}', id: 'run-1' }, { event: 'message', data: 'x\n', id: 'run-1' },
    { event: 'change', data: '{}', id: 'run-2' }];

test('events are read however their bytes are cut', () => {
    for (let size = 1; size <= STREAM.length; size++) {
        const parser = new EventParser(), events = [];
        for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
        assert.deepEqual(events, EVENTS, `pieces of ${size}`);
        assert.equal(parser.id, 'run-2');
    }
});

test('a carriage return and the line feed behind it are one end of a line, wherever they are cut', () => {
    const parser = new EventParser();
    assert.deepEqual(['data: a\r', '', '\n', '\n'].flatMap((piece) => parser.push(piece)).map(({ data }) => data), ['a']);
});

test('objects come, change and go, and who subscribed is told which', () => {
    const store = new Store(), told = [];
    const leave = store.subscribe((kinds, keys) => told.push([[...kinds], keys]));
    store.replace({ status: { ready: true }, 'node/b': { id: 'b' }, 'node/a': { id: 'a' } });
    store.change({ 'node/a': null, 'model/x/y': { name: 'x/y' } });
    assert.deepEqual(store.all('node'), [['b', { id: 'b' }]]);
    assert.deepEqual(store.all('model'), [['x/y', { name: 'x/y' }]]);
    store.replace({ status: { ready: false } });
    assert.deepEqual([store.all('node'), store.get('status')], [[], { ready: false }]);
    leave();
    store.change({ queue: {} });
    assert.deepEqual(told, [[['status', 'node'], ['status', 'node/b', 'node/a']], [['node', 'model'], ['node/a', 'model/x/y']],
        [['status', 'node', 'model'], ['status', 'node/b', 'model/x/y']]]);
});

test('a profile is shown by the times of a mean run, and its shares are all of the run', () => {
    const node = (name, ms) => ({ name, operator: 'Conv', platform: 'webgpu', calls: 4, ms, share: ms / 40, fell_back: false });
    const profile = { runs: 4, run_ms: 40, operators: [{ operator: 'Conv', platform: 'webgpu', calls: 8, nodes: 2, ms: 24, share: 0.6, fell_back: false, copied_bytes: 0 },
        { operator: 'Gather', platform: 'wasm', calls: 4, nodes: 1, ms: 8, share: 0.2, fell_back: true, reason: 'no kernel', copied_bytes: 64 }],
    nodes: [node('a', 4), node('b', 20)], left_out: { nodes: 2, ms: 2, events: 0 }, other: { ms: 6, share: 0.15, what: 'the page' } };
    const rows = operatorRows(profile);
    assert.deepEqual(rows.map(({ operator, ms, calls, fellBack, copied, why }) => [operator, ms, calls, fellBack, copied, why]), [['Conv', 6, 2, false, undefined, ''],
        ['Gather', 2, 1, true, 64, 'no kernel'], ['nodes left out', 0.5, undefined, false, undefined, 'The answer has no room for them.'], ['other', 1.5, undefined, false, undefined, 'the page']]);
    assert.ok(Math.abs(rows.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
    assert.deepEqual(nodeRows(profile).map(({ name, ms, calls }) => [name, ms, calls]), [['b', 5, 1], ['a', 1, 1]]);
    assert.equal(nodeRows({ runs: 1, nodes: Array.from({ length: 300 }, (_, i) => node(`${i}`, i)) }).length, NODES_MOST);
    assert.deepEqual(profilePlaces([{ browser: 'firefox', platform: 'wasm' }, { browser: 'chrome', platform: 'wasm', browser_version: '1' },
        { browser: 'chrome', platform: 'wasm', browser_version: '2' }, { browser: null, platform: 'webgpu' }, { browser: 'node', platform: 'native' }]), ['chrome/wasm', 'firefox/wasm']);
});

test('what has changed is told in sentences, once', () => {
    const store = new Store(), told = sentencesOf(store);
    const after = (objects) => {
        store.change(objects);
        return told(Object.keys(objects));
    };
    assert.deepEqual(after({ status: { ready: true }, 'session/s': { state: 'starting' } }), []);
    assert.deepEqual(after({ 'session/s': { state: 'ready' } }), ['The browser s is ready.']);
    assert.deepEqual(after({ 'session/s': { state: 'ready', jobs: 4 } }), []);
    assert.deepEqual(after({ status: { ready: false, problem: 'no node' }, 'session/s': null }), ['The service is not ready: no node.', 'The browser s is gone.']);
});

test('figures are short, and what is not known is a dash', () => {
    assert.deepEqual([bytes(0), bytes(999), bytes(1e3), bytes(999_999), bytes(123e6), bytes(1.4e9)], ['0 B', '999 B', '1.0 kB', '1.0 MB', '123 MB', '1.4 GB']);
    assert.deepEqual([duration(4200), duration(61e3), duration(3.6e6), duration(49 * 3.6e6), duration(-5)], ['4 s', '1 min 01 s', '1 h 00 min', '2 d 1 h', '0 s']);
    assert.deepEqual([milliseconds(1.25), milliseconds(312.4), milliseconds(12_000)], ['1.3 ms', '312 ms', '12.0 s']);
    assert.deepEqual([count(1024), count(18234), count(1_100_000_000)], ['1024', '18\u202f234', '1\u202f100\u202f000\u202f000']);
    assert.deepEqual([rate(4.94), rate(512.4)], ['4.9', '512']);
    for (const show of [bytes, duration, milliseconds, count, rate])
        for (const nothing of [undefined, null, NaN, Infinity, '7', {}]) assert.equal(show(nothing), NOTHING);
});

test('what turns text around is shown by its number, and what is very long is cut', () => {
    assert.equal(plain('a\u202eb\u2066c\u0000'), 'a⟨U+202E⟩b⟨U+2066⟩c⟨U+0000⟩');
    assert.equal(plain('naïve 日本 🙂\tx\ny'), 'naïve 日本 🙂\tx\ny');
    const cut = plain('x'.repeat(100_000));
    assert.ok(cut.length <= 4000 && cut.endsWith('(100\u202f000 characters)'));
    assert.equal(plain(cut), cut);
});

test('a line of the log tells all its fields, and its time as clocks here have it', () => {
    const line = { seq: 7, time: '2026-03-01T23:04:05.060Z', level: 'info', part: 'api', subject: 'r-1', message: 'GET / 200', status: 200, client_left: false, token: null, path: '/' };
    assert.deepEqual(fieldsOf(line), ['status=200', 'client_left=false', 'path=/']);
    assert.equal(textOf(line), '2026-03-01T23:04:05.060Z info api: r-1: GET / 200 status=200 client_left=false path=/');
    const more = { ...line, message: 'GET / 200 in=0 out=52 13.46 ms (the client left)', client_left: true, duration_ms: 13.4567, request_id: 'r-1', node: 'node-7', code: 'late' };
    assert.deepEqual(unsaidOf(more), ['node=node-7', 'code=late'], 'what the message says is not said again');
    const at = new Date(line.time), two = (part) => String(part).padStart(2, '0');
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}:05.060`;
    assert.equal(timeOf(line, at.getTime()), clock);
    assert.equal(timeOf(line, at.getTime() + 86_400_000 * 2), `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`);
    assert.equal(timeOf({ ...line, time: 'soon' }), '–');
    const filter = { level: 'info', part: '', contains: '' };
    assert.deepEqual([{}, { level: 'warn' }, { part: 'ap' }, { contains: 'r-1' }, { contains: 'GET /' }, { contains: 'get' }].map((one) => passes(line, { ...filter, ...one })),
        [true, false, false, true, true, false]);
});

test('what is wrong is said in sentences, with what to do', () => {
    const kind = { installed: true, problem: null, breaker: 'closed', failures: 0, max: 1 };
    assert.deepEqual(warningsOf({ kinds: { chrome: kind, edge: { ...kind, installed: false, problem: 'not found', max: 0 } } }), []);
    const found = warningsOf({ warnings: ['the API asks for no tokens: every program on this machine may use it', 'what nobody knew'],
        kinds: { firefox: { ...kind, problem: 'it ended', breaker: 'open', failures: 1 }, edge: { ...kind, installed: false, problem: 'The program msedge was not found' } } });
    assert.deepEqual(found.map(({ what }) => what), ['The API asks for no tokens: every program on this machine may use it.', 'What nobody knew.',
        'Firefox does not start: it ended.', 'Edge is not there: the program msedge was not found.']);
    assert.deepEqual(found.map(({ isFault }) => isFault), [false, true, true, false], 'what was chosen so, or is not installed, is no fault');
    assert.deepEqual(found.map(({ help }) => help.slice(0, 22)), ['Set “tokens_file” unde', 'The log says more.', 'After 1 failed start t', 'If it is not wanted, s']);
});

test('what is made from the same is kept', () => {
    const made = [], part = kept((...of) => made.push(of) && h('p', null, of.join())), history = {};
    const first = part(history, 'a');
    assert.equal(part(history, 'a'), first);
    assert.deepEqual([part({}, 'a'), part(history, 'a'), part(history, 'b')].map((one) => one === first), [false, false, false]);
    assert.equal(made.length, 4);
});

test('a page of nodes knows where the page before it begins, however it was reached', () => {
    const id = (i) => `node-${String(i).padStart(3, '0')}`, ids = Array.from({ length: 250 }, (_, i) => id(i));
    assert.deepEqual(['', id(99), id(199), id(200), 'node-zzz'].map((after) => pageBefore(ids, after)), ['', '', id(99), id(100), id(149)]);
});

test('a model is called from the shell as its tasks want it', () => {
    const [here, there] = ['http://127.0.0.1:8470', 'https://models.example:8443'];
    assert.deepEqual(shellCommands({ name: 'org/chat' }, ['chat', 'complete'], here), ['webinfer run org/chat', "webinfer run org/chat 'What is 17 + 25?'",
        "webinfer generate org/chat 'Once upon a time'", 'webinfer hardware org/chat']);
    assert.deepEqual(shellCommands({ name: 'm' }, ['image-classification', 'image-to-text'], there), ['webinfer --url https://models.example:8443 infer m --image picture.png',
        'webinfer --url https://models.example:8443 infer m --image picture.png --task image-to-text', 'webinfer --url https://models.example:8443 hardware m']);
    const graph = { name: "it's $(x)", inputs: [{ name: 'a' }, { name: 'b c' }] };
    assert.equal(shellCommands(graph, ['tensors'], here)[0], String.raw`webinfer infer 'it'\''s $(x)' --tensor a=a.npy --tensor 'b c=b c.npy'`);
    for (const name of ['a\u202eb', 'a\nb', 'x'.repeat(201)]) {
        assert.deepEqual(shellCommands({ name }, ['chat'], here), [], 'what cannot be shown as it is');
        assert.deepEqual(shellCommands({ name: 'm', inputs: [{ name }] }, ['tensors'], here), ['webinfer hardware m']);
    }
    for (const task of Object.keys(FORMS).filter((one) => one !== 'tensors')) assert.ok(shellCommands({ name: 'm' }, [task], here).length > 1, task);
});

test('files of a run are made from the shell', () => {
    assert.deepEqual(runCommands('run-3', 'http://127.0.0.1:8470'), ['webinfer results show run-3 --html run-3.html', 'webinfer results show run-3 --markdown run-3.md',
        'webinfer results show run-3 --junit run-3.xml', 'webinfer results export run-3 --format csv >run-3.csv']);
    assert.equal(runCommands('a', 'https://models.example:8443')[0], 'webinfer --url https://models.example:8443 results show a --html a.html');
});

test('commands show tensors where the answer has some', () => {
    const shown = (body) => commandsOf({ body: { model_name: 'm', inputs: 'x', ...body } }, { url: 'http://a', token: false }).filter(({ text }) => /outputs/.test(text)).map(({ name }) => name);
    assert.deepEqual([{ task: 'chat' }, { task: 'text-classification' }, { task: 'embed' }, {}].map(shown), [[], [], ['Python', 'JavaScript'], ['Python', 'JavaScript']]);
});

test('a place has one row for each precision, with its times and its verdict', () => {
    const place = (browser, platform, more) => ({ browser, browser_version: '1', joined: false, platform, engine: 'onnx', engine_version: null, ...more });
    const options = [place('chrome', 'webgpu', { chosen: true }), place('chrome', 'wasm'), place('chrome', 'wasm', { joined: true })];
    const verdicts = [place('firefox', 'webgpu', { verdict: 'wrong' }), place('chrome', 'webgpu', { precision: 'fp32' }), place('chrome', 'webgpu', { precision: 'fp16' }), place('chrome', 'wasm', { verdict: 'trusted' })];
    const rows = placesOf(options, verdicts);
    assert.deepEqual(rows.map(({ option, verdict }) => [options.indexOf(option), verdicts.indexOf(verdict)]), [[0, 1], [0, 2], [1, 3], [2, -1], [-1, 0]]);
    assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test('what was measured in a browser that does not run has its row, with its verdict', () => {
    const measured = { browser_version: '153.0', platform: 'webgpu', engine: 'onnx', engine_version: null, estimate: { run_ms: 4 } };
    const verdict = { browser: 'firefox', joined: false, adapter: 'v/a/d', ...measured, estimate: undefined, verdict: 'trusted' };
    const resting = restingOf({ passed_over: [{ browser: 'edge', why: 'it is not installed', measured: null }, { browser: 'firefox', why: 'no firefox is running', measured }] });
    assert.deepEqual(resting, [{ browser: 'firefox', standing: 'not running', why: 'no firefox is running', ...measured }]);
    assert.deepEqual(placesOf(resting, [verdict]).map(({ option, verdict: found }) => [option, found]), [[resting[0], verdict]]);
    assert.deepEqual(restingOf({}), []);
});

test('a verdict is shown at the nodes of its token, and what all joined share where their own is missing', () => {
    const place = (token, more) => ({ browser: 'chrome', browser_version: '1', joined: true, token, platform: 'webgpu', engine: 'onnx', engine_version: null, ...more });
    const options = [place('alice'), place('bob'), place('carol')];
    const verdicts = [place('bob', { verdict: 'wrong' }), place(null, { verdict: 'trusted' }), place('dave', { verdict: 'unable' })];
    const rows = placesOf(options, verdicts);
    assert.deepEqual(rows.map(({ option, verdict }) => [options.indexOf(option), verdicts.indexOf(verdict)]), [[0, 1], [1, 0], [2, 1], [-1, 2]]);
});

test('a plot has a time axis from the first step on', () => {
    const lines = (values) => [{ name: 'a', values }];
    assert.deepEqual(dataOf({ times: [1_000_000], lines: lines([4]) }), [[400, 1000], [null, 4]]);
    const [times, values] = dataOf({ times: [], lines: lines([]) });
    assert.deepEqual([times.length, times[1] - times[0], values], [2, 600, [null, null]]);
    const long = [1000, 900_000, 910_000];
    assert.deepEqual(dataOf({ times: long, lines: lines([1, null, 3]) }), [[1, 900, 910], [1, null, 3]]);
});
