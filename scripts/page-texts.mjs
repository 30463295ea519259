/**
 * Prints the texts in page/src that do not have the form that page/src/engine/failure.js asks of a failure. All
 * texts of several words count, since many come to a failure through tables and helpers; what else there is has its
 * place in the lists below. Exits with 1 if it found any.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'acorn';

const ROOT = 'page/src';
/** With these a text may begin. */
const NAMES = new Set(['BERT', 'CLIP', 'Chromium', 'Firefox', 'GGUF', 'JSON', 'ONNX', 'PNG', 'RawImage', 'SpeechT5', 'WASM',
    'WAV', 'WebGL', 'WebGPU', 'WebKit', 'WebNN', 'Whisper']);
/** The names of browsers, the labels of the page, the console and the report, and how a model is told of its tools. */
const OTHER_FILES = /^(?:ui\/(?:browser|view|volunteer)|chat\/formats)\.js$|^(?:console|report)\//;
/** What models read, and a header. */
const OTHER_TEXTS = new Set(['This example is {}.', 'This is a photo of {}', 'This is a sound of {}.', 'Describe the picture.',
    'The function', 'Bearer …']);

/** What it says, with "…" for what a template puts in and for what is joined to literals; undefined: no text.
 * @param {any} node @returns {string | undefined} */
function textOf(node) {
    if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
    if (node.type === 'TemplateLiteral') return node.quasis.map((/** @type {any} */ { value }) => value.cooked).join('…');
    if (node.type !== 'BinaryExpression' || node.operator !== '+') return undefined;
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined && right === undefined ? undefined : `${left ?? '…'}${right ?? '…'}`;
}

/** @param {string} text @returns {string | undefined} what is wrong with it */
function faultOf(text) {
    if (!text.includes(' ') || OTHER_TEXTS.has(text)) return undefined;
    const [first] = /^[A-Z]\w*/.exec(text) ?? [];
    if (first && !NAMES.has(first)) return 'begins with a capital letter';
    if (text.endsWith('.')) return 'ends with a full stop';
    return /(?<!e\.g|i\.e)[.!?] [A-Z]/.test(text) ? 'has several sentences' : undefined;
}

/** The parts of a syntax tree's node (https://github.com/estree/estree). @param {any} node @returns {any[]} */
const partsOf = (node) => Object.values(node).flat().filter((part) => typeof part?.type === 'string');

/** What is put into a text, in which there may be others. @param {any} node @returns {any[]} */
const putInto = (node) => node.type !== 'BinaryExpression' ? node.expressions ?? []
    : [node.left, node.right].flatMap((side) => textOf(side) === undefined ? [side] : putInto(side));

/** @param {any} node @yields {{text: string, line: number}} */
function* textsIn(node) {
    const text = textOf(node);
    if (text !== undefined) yield { text, line: node.loc.start.line };
    const parts = text === undefined ? partsOf(node) : putInto(node);
    for (const part of parts) yield* textsIn(part);
}

for (const name of readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.js') || OTHER_FILES.test(name)) continue;
    const tree = parse(readFileSync(`${ROOT}/${name}`, 'utf8'), { ecmaVersion: 'latest', sourceType: 'module', locations: true });
    for (const { text, line } of textsIn(tree)) {
        const fault = faultOf(text);
        if (!fault) continue;
        console.log(`${ROOT}/${name}:${line}: ${fault}: ${text}`);
        process.exitCode = 1;
    }
}
