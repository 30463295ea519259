// tier: quick
/** What the playground makes of the marks in an answer: no text is lost, whatever comes, and however it is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { h } from '../../page/src/console/draw.js';
import { plain } from '../../page/src/console/format.js';
import { pieces } from '../../page/src/console/playground/answer/inline.js';
import { Growing, markup } from '../../page/src/console/playground/answer/markup.js';

const FUZZ_MS = 1000 * Number(process.env.WEBINFER_FUZZ_SECONDS ?? 2);

const html = (node) => (typeof node === 'string' ? node : `<${node.tag}>${node.children.map(html).join('')}</${node.tag}>`);
const textOf = (node) => (typeof node === 'string' ? node : node.children.map(textOf).join(''));
const shown = (text) => markup(text).map(html).join('');
/** Without marks and space, of which some go, and without what is shown by its number. */
const kept = (text) => text.replace(/⟨U\+([0-9A-F]+)⟩/g, (_, number) => String.fromCharCode(parseInt(number, 16))).replace(/[\s*_`~#>+\\-]/g, '');

for (const [text, wanted] of Object.entries({
    'one\ntwo\n\nthree': '<p>one\ntwo</p><p>three</p>',
    '# A *b*\ntext': '<h4>A <em>b</em></h4><p>text</p>',
    '**a _b_ c** `d*e*` ~~f~~': '<p><strong>a <em>b</em> c</strong> <code>d*e*</code> <del>f</del></p>',
    '***a*** **b*c*d**': '<p><strong><em>a</em></strong> <strong>b<em>c</em>d</strong></p>',
    '2 * 3 * 4, snake_case_name, a__b__c, \\*d\\*, **open': '<p>2 * 3 * 4, snake_case_name, a__b__c, *d*, **open</p>',
    '[a](https://b.example) ![c](d.png) <img src=x onerror=alert(1)>': '<p>[a](https://b.example) ![c](d.png) <img src=x onerror=alert(1)></p>',
    '- a\n- b\n  - c\n\n1. d\n2) e': '<ul><li><span>a</span></li><li><span>b</span><ul><li><span>c</span></li></ul></li><li><span>1. </span><span>d</span></li><li><span>2) </span><span>e</span></li></ul>',
    '3. a\n\n   b\n\nc': '<ol><li><span>3. </span><span>a</span><p>b</p></li></ol><p>c</p>',
    '```js\n**a**\n\n- b\n```\nc': '<figure><figcaption>js</figcaption><pre><code>**a**\n\n- b</code></pre></figure><p>c</p>',
    '```\nopen\n``': '<figure><pre><code>open\n``</code></pre></figure>',
    '- a\n  ```\n  b\nc\n  ```\n- d': '<ul><li><span>a</span><figure><pre><code>b\nc</code></pre></figure></li><li><span>d</span></li></ul>',
    '> a\n> - b\n\n---': '<blockquote><p>a</p><ul><li><span>b</span></li></ul></blockquote><hr></hr>',
    '``a`b`` `c': '<p><code>a`b</code> `c</p>',
}))
    test(`marks: ${JSON.stringify(text)}`, () => assert.equal(shown(text), wanted));

/** Persian and Hindi need joiners, emoji are joined by one, and Hebrew and Arabic have marks of direction. */
const SCRIPTS = ['می\u200cخواهم', 'क्\u200dष और क्\u200cष', '👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈', 'שלום\u200f, עולם', 'مرحبا\u061c بالعالم', 'a\u200eb\u2060c\u00ad'];
const TURNS = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'];
const codeOf = (character) => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

test('what is said is shown as it is written, but for control characters and what turns its direction', () => {
    for (const text of SCRIPTS)
        for (const marks of [text, `- ${text}`, `**${text}**`, `\`${text}\``, `\`\`\`\n${text}\n\`\`\``, `# ${text}`]) {
            assert.equal(textOf(markup(marks)[0]), text, marks);
            assert.equal(new Growing().read(marks).map(textOf).join(''), text, marks);
        }
    for (const sign of [...TURNS, '\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\u009f'])
        assert.equal(textOf(markup(`a${sign}b`)[0]), `a${codeOf(sign)}b`);
    assert.equal(textOf(markup('a\tb\nc')[0]), 'a\tb\nc');
});

test('in names nothing is unseen, and nothing is joined', () => {
    for (const sign of [...TURNS, '\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u061c', '\u2060', '\ufeff'])
        for (const shownName of [plain(`a${sign}b`), h('p', null, `a${sign}b`).children[0], h('p', null, ['x', `a${sign}b`]).children[1]])
            assert.equal(shownName, `a${codeOf(sign)}b`);
});

test('what is longer than one text is shown is in pieces, and no character is cut', () => {
    const text = '😀'.repeat(3001);
    assert.equal(pieces(text).join(''), text);
    assert.ok(pieces(text).every((piece) => piece.isWellFormed?.() ?? true));
    assert.equal(textOf(markup(text)[0]), text);
});

/** A random text of what such texts are made of, from a seed. */
function drawnText(random) {
    const bits = ['*', '**', '_', '__', '`', '``', '```', '~~~', '~~', '#', '## ', '> ', '- ', '* ', '1. ', '12) ', '  ', '    ', '\n', '\n\n', '\\', '[', '](', '---', '***', ' ', '\t',
        'a', 'bc', 'Wörter', '😀', '\u202e', '\u0000', '<b>', '&amp;', '\ud800', '\r', '|', '='];
    return Array.from({ length: 1 + Math.floor(random() * 60) }, () => bits[Math.floor(random() * bits.length)]).join('');
}

function randomOf(seed) {
    return () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return seed / 2 ** 32;
    };
}

test('of random text nothing is lost, and read bit by bit it is the same as read whole', () => {
    const first = Date.now() >>> 0, end = Date.now() + FUZZ_MS;
    for (let seed = first; Date.now() < end; seed++) {
        const random = randomOf(seed), text = drawnText(random);
        const whole = shown(text);
        assert.equal(kept(markup(text).map(textOf).join('\n')), kept(text), `seed ${seed}: ${JSON.stringify(text)}`);
        const growing = new Growing();
        for (let at = 0; at < text.length;) {
            at = Math.min(text.length, at + 1 + Math.floor(random() * 12));
            assert.equal(growing.read(text.slice(0, at)).map(html).join(''), shown(text.slice(0, at)), `seed ${seed}: ${JSON.stringify(text.slice(0, at))}`);
        }
        assert.equal(growing.read(text).map(html).join(''), whole);
    }
});

for (const bit of ['*', '**a ', '_a', '`a', '``', '> ', '- ', '  - a\n', '[', '~~a', '*a**b', '\\', '1. ', '```\n', '*a _b '])
    test(`200,000 characters of ${JSON.stringify(bit)} are read soon`, () => {
        const began = performance.now();
        markup(bit.repeat(200_000 / bit.length));
        assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
    });
