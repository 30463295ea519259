// tier: quick
/** Chat templates, which come from outside: what they can do, and what they cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Templates } from '../../page/src/chat/template_client.js';
import { TemplateError } from '../../page/src/chat/jinja/errors.js';
import { formatTime } from '../../page/src/chat/jinja/time.js';
import { renderTemplate } from '../../page/src/chat/templates.js';
import { startTemplateWorkers } from './support/template_worker.mjs';

const ENDLESS = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}';

test('what templates may use is there', () => {
    const variables = { messages: [{ role: 'user', content: 'Hi' }], tools: null, bos_token: '<s>', wanted: true };
    assert.equal(renderTemplate("{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m.content }}{{ loop.last }}{% endfor %}", variables), '<s>user: HiTrue');
    assert.equal(renderTemplate('{{ 1 if tools is none }}{{ 2 if nothing is defined }}{{ 3 if wanted }}{% set n = namespace(a=4) %}{% set n.a = n.a + 1 %}{{ n.a }}', variables), '135');
    assert.equal(renderTemplate('{{ messages | tojson }}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}', variables), '[{"role": "user", "content": "Hi"}]321');
    assert.match(renderTemplate("{{ strftime_now('%Y') }}", {}), /^20\d\d$/);
    assert.equal(renderTemplate('a\n{% if true %}\n  b\n{% endif %}\nc', {}), 'a\n  b\nc');
    assert.equal(renderTemplate("{{ {}.constructor }}{{ process }}{{ ''.__proto__ }}", {}), '');
});

test('the time in English and in UTC', () => {
    const time = new Date(Date.UTC(2024, 1, 3, 14, 5, 6));
    assert.equal(formatTime(time, '%A, %d %B %Y %H:%M:%S %I %p %a %b %y %m %%'), 'Saturday, 03 February 2024 14:05:06 02 PM Sat Feb 24 02 %');
    assert.throws(() => formatTime(time, '%U'), { kind: 'template', message: /"%U" in strftime_now, which is not supported/ });
});

test('errors say of which kind they are', () => {
    const fails = (template, kind, message) => assert.throws(() => renderTemplate(template, { messages: [] }), (error) => {
        assert(error instanceof TemplateError, String(error));
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, message);
        return true;
    });
    fails("{{ raise_exception('Only ' ~ 2 ~ ' roles') }}", 'raised', /^Only 2 roles$/);
    fails('{% if %}', 'template', /^line 1: the end of a tag where an expression is expected$/);
    fails('\n{% for a in %}', 'template', /^line 2: the end of a tag where an expression is expected$/);
    fails(' '.repeat(65537), 'template', /65536 bytes/);
    for (const [open, close] of ['()', '[]', '{}', ['not ', ''], ['-', ''], ['{% if 1 %}', '']]) {
        const many = open.repeat(5000);
        fails(open.startsWith('{%') ? many : `{{ ${many}${close.repeat(5000)} }}`, 'template', /levels deep|expected/);
    }
    fails(`{{ 1${'+1'.repeat(20000)} }}`, 'render', /nested too deeply/);
    fails("{{ 'a' + 1 }}{{ nothing() }}", 'render', /"\+" between a str and a int/);
    fails('{{ nothing() }}', 'render', /nothing is undefined/);
    fails('{{ messages[0].content.split(",") }}', 'render', /a list has no 0/);
});

test('a template that makes too much is stopped before it has', () => {
    const fails = (template, message, variables = {}) => assert.throws(() => renderTemplate(template, variables), (error) => error.kind === 'render' && message.test(error.message));
    fails("{% for i in range(1000) %}{% for j in range(1000) %}{{ 'a hundred bytes, or nearly so many, again and again, until there are a hundred million of them here' }}{% endfor %}{% endfor %}", /more than 65544 characters/);
    fails("{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}", /more than 65544 characters/);
    fails('{% set n = namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}', /more than 4000000 items/);
    fails('{{ range(1000000000) | length }}', /more than 100000 numbers/);
    fails('{{ range(0, 9, 0) }}', /step of 0/);
    fails('{% macro f(x) %}{{ caller() }}{% endmacro %}{% for i in range(3) %}{% call f(i) %}{{ nothing.a.b.c() }}{% endcall %}{% endfor %}', /./);
    fails('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /100 levels deep/);
    fails('{% for i in [[]] recursive %}{{ loop([i]) }}{% endfor %}', /100 levels deep/);
    const doubled = (use) => `{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}${use}`;
    for (const use of ['{{ n.x }}', '{{ n.x | tojson }}']) fails(doubled(use), /more than 65544 characters/);
    fails(doubled('{% set y = n.x %}{% for i in range(60) %}{% set n.x = 1 %}{% endfor %}{{ y == [y[0], y[1][:]] }}'), /20000000 steps/);
    fails('{% set n = namespace(x=[1]) %}{% for i in range(300) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x | tojson }}', /200 levels/);
    fails('{% set n = namespace(x=[1]) %}{% for i in range(300) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}', /200 levels/);
    fails("{{ 'ab' * 1000000000000 }}", /characters/);
    fails('{{ [0] * 1000000000000 }}', /items/);
    for (const wide of ["'%99999s' % 1", "'a'.center(999999999)", "'a'.zfill(999999999)", "'a' | center(999999999)", "'a'.replace('', 'x' * 60000)"]) {
        assert.throws(() => renderTemplate(`{{ ${wide} }}`, {}), TemplateError);
    }
    const long = 'x'.repeat(100000);
    assert.equal(renderTemplate('{{ a ~ a ~ a ~ a }}', { a: long }).length, 400000);
    fails('{{ a ~ a ~ a ~ a ~ a }}', /characters/, { a: long });
});

test('what we would render differently is refused by its name, as a fault of the model', () => {
    for (const [template, name] of [
        ['{{ x | groupby("a") }}', 'the filter groupby'], ['{{ [1] | random }}', 'the filter random'], ['{{ "a" | urlize }}', 'the filter urlize'],
        ['{{ self }}', 'self'], ['{{ lipsum() }}', 'lipsum()'], ['{{ "a".encode() }}', '.encode'], ['{{ (1).bit_length() }}', '.bit_length'],
        ['{{ "".join }}', 'the text of a function'], ['{{ [1] | map("upper") }}', 'the text of a generator'], ['{{ ("a" | safe) + "<" }}', '"+" of escaped text'],
        ['{{ ("a" | safe).upper() }}', '.upper'], ['{{ "a" | e | upper }}', 'this filter of escaped text'], ['{{ 2 ** 60 }}', 'an integer of more than 53 bits'],
        ['{{ "%e" % 1.0 }}', '"%e" in a format'], ['{{ "{:>5}".format(1) }}', '"{:>5}" in a format'], ['{{ "ǆ".title() }}', 'the title case of ǆ'],
        ['{{ "ß".casefold() }}', 'casefold() of letters beyond ASCII'], ['{{ "²".isdigit() }}', 'isdigit() of such digits'], ['{{ "a" is sameas "a" }}', '"is sameas" of texts or numbers'],
        ['{{ strftime_now("%U") }}', '"%U" in strftime_now'], ['{% include "x" %}', '{% include %}'], ['{% block a %}{% endblock %}', '{% block %}'],
        ['{{ range(3).start }}', '.start'], ['{{ "inf" | float }}', 'numbers that are not finite'],
    ]) {
        assert.throws(() => renderTemplate(template, {}), (error) => {
            assert.equal(error.kind, 'template', `${template}: ${error.message}`);
            assert(error.message.endsWith(`it uses ${name}, which is not supported`), error.message);
            return true;
        });
    }
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
    await assert.rejects(templates.render('{% if %}', {}), { code: 'model_invalid', message: /cannot be used: line 1: / });
    await assert.rejects(templates.render('{{ a() }}', {}), { code: 'input_invalid', message: /fails with these messages/ });
    const late = templates.render(ENDLESS, {});
    templates.close();
    await assert.rejects(late, { code: 'cancelled' });
    assert.deepEqual(started.map(({ terminated }) => terminated), [true, true]);
});

test('a worker that does not start, or breaks, costs one request', async () => {
    const failing = new Templates(() => { throw new Error('no'); });
    await assert.rejects(failing.render('a', {}), { code: 'model_fetch_failed' });
    const silent = new Templates(() => ({ onmessage: null, onerror: null, postMessage() {}, terminate() {} }), { startMs: 10 });
    await assert.rejects(silent.render('a', {}), { code: 'model_fetch_failed' });
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
