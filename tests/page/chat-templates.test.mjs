// tier: quick
/** Chat templates, which come from outside: what they can do, and what they cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Templates } from '../../page/src/chat/template_client.js';
import { TemplateError, formatTime, renderTemplate } from '../../page/src/chat/templates.js';
import { startTemplateWorkers } from './support/template_worker.mjs';

const ENDLESS = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}';

test('what templates may use is there', () => {
    const variables = { messages: [{ role: 'user', content: 'Hi' }], tools: null, bos_token: '<s>', wanted: true };
    assert.equal(renderTemplate("{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m.content }}{{ loop.last }}{% endfor %}", variables), '<s>user: Hitrue');
    assert.equal(renderTemplate('{{ 1 if tools is none }}{{ 2 if nothing is defined }}{{ 3 if wanted }}{% set n = namespace(a=4) %}{% set n.a = n.a + 1 %}{{ n.a }}', variables), '135');
    assert.equal(renderTemplate('{{ messages | tojson }}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}', variables), '[{"role": "user", "content": "Hi"}]321');
    assert.match(renderTemplate("{{ strftime_now('%Y') }}", {}), /^20\d\d$/);
    assert.equal(renderTemplate('a\n{% if true %}\n  b\n{% endif %}\nc', {}), 'a\n  b\nc');
    assert.equal(renderTemplate("{{ {}.constructor }}{{ self }}{{ process }}{{ ''.__proto__ }}", {}), '');
});

test('the time in English and in UTC', () => {
    const time = new Date(Date.UTC(2024, 1, 3, 14, 5, 6));
    assert.equal(formatTime(time, '%A, %d %B %Y %H:%M:%S %I %p %a %b %y %m %% %Q'), 'Saturday, 03 February 2024 14:05:06 02 PM Sat Feb 24 02 % %Q');
});

test('errors say of which kind they are', () => {
    const fails = (template, kind, message) => assert.throws(() => renderTemplate(template, { messages: [] }), (error) => {
        assert(error instanceof TemplateError, String(error));
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, message);
        return true;
    });
    fails("{{ raise_exception('Only ' ~ 2 ~ ' roles') }}", 'raised', /^Only 2 roles$/);
    fails('{% if %}', 'template', /./);
    fails('{% for a in %}', 'template', /./);
    fails(' '.repeat(65537), 'template', /65536 bytes/);
    fails(`{{ ${'('.repeat(20000)} }}`, 'template', /./);
    fails("{{ 'a' + 1 }}{{ nothing() }}", 'render', /./);
    fails('{{ messages[0].content.split(",") }}', 'render', /./);
});

test('a template that makes too much is stopped before it has', () => {
    const fails = (template, message, variables = {}) => assert.throws(() => renderTemplate(template, variables), (error) => error.kind === 'render' && message.test(error.message));
    fails("{% for i in range(1000) %}{% for j in range(1000) %}{{ 'a hundred bytes, or nearly so many, again and again, until there are a hundred million of them here' }}{% endfor %}{% endfor %}", /more than 65544 characters/);
    fails("{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}", /more than 65544 characters/);
    fails('{% set n = namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}', /more than 4000000 items/);
    fails('{{ range(1000000000) | length }}', /more than 100000 numbers/);
    fails('{{ range(0, 9, 0) }}', /step of 0/);
    fails('{% macro f(x) %}{{ caller() }}{% endmacro %}{% for i in range(3) %}{% call f(i) %}{{ nothing.a.b.c() }}{% endcall %}{% endfor %}', /./);
    const long = 'x'.repeat(100000);
    assert.equal(renderTemplate('{{ a ~ a ~ a ~ a }}', { a: long }).length, 400000);
    fails('{{ a ~ a ~ a ~ a ~ a }}', /characters/, { a: long });
});

test('a worker renders one after the other, and is replaced when a template does not end', async () => {
    const { start, started } = startTemplateWorkers();
    const templates = new Templates(start, { renderMs: 500 });
    const [first, endless, third] = await Promise.allSettled([
        templates.render('{{ a }}', { a: 1 }), templates.render(ENDLESS, {}), templates.render('{{ a }}', { a: 3 }),
    ]);
    assert.equal(first.value, '1');
    assert.equal(endless.reason.code, 'input_invalid');
    assert.equal(endless.reason.field, 'inputs.messages');
    assert.match(endless.reason.message, /did not come to an end within 500 ms/);
    assert.equal(third.value, '3');
    assert.deepEqual(started.map(({ terminated }) => terminated), [true, false]);
    await assert.rejects(templates.render("{{ raise_exception('No.') }}", {}), { code: 'input_invalid', field: 'inputs.messages', message: /refuses these messages: No\./ });
    await assert.rejects(templates.render('{% if %}', {}), { code: 'model_invalid', message: /cannot be read/ });
    await assert.rejects(templates.render('{{ a() }}', {}), { code: 'input_invalid', message: /fails with these messages/ });
    const late = templates.render(ENDLESS, {});
    templates.close();
    await assert.rejects(late, { code: 'cancelled' });
    assert.deepEqual(started.map(({ terminated }) => terminated), [true, true]);
});

test('a worker that does not start, or breaks, costs one request', async () => {
    const failing = new Templates(() => { throw new Error('no'); });
    await assert.rejects(failing.render('a', {}), { code: 'inference_failed' });
    const silent = new Templates(() => ({ onmessage: null, onerror: null, postMessage() {}, terminate() {} }), { startMs: 10 });
    await assert.rejects(silent.render('a', {}), { code: 'inference_failed' });
    const workers = [];
    const breaking = new Templates(() => {
        const worker = { onmessage: null, onerror: null, postMessage() { setImmediate(() => worker.onerror({})); }, terminate() {} };
        workers.push(worker);
        setImmediate(() => worker.onmessage({ data: { ready: true } }));
        return worker;
    });
    const both = await Promise.allSettled([breaking.render('a', {}), breaking.render('b', {})]);
    assert.deepEqual(both.map(({ reason }) => reason.code), ['inference_failed', 'inference_failed']);
    assert.equal(workers.length, 2);
});
