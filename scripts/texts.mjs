/**
 * Prints the texts in page/src that do not have the form that page/src/engine/failure.js asks of a failure. All
 * texts of several words count, since many come to a failure through tables and helpers; what else there is has its
 * place in the lists below. Exits with 1 if it found any.
 */
import { readFileSync, readdirSync } from 'node:fs';

const ROOT = 'page/src';
/** With these a text may begin. */
const NAMES = new Set(['BERT', 'CLIP', 'Chromium', 'Firefox', 'GGUF', 'JSON', 'ONNX', 'PNG', 'RawImage', 'SpeechT5', 'WASM',
    'WAV', 'WebGPU', 'WebKit', 'WebNN', 'Whisper']);
/** The page's labels, and how a model is told of its tools. */
const OTHER_FILES = /^(?:ui\/|chat\/formats\.js$)/;
/** What models read, and a header. */
const OTHER_TEXTS = new Set(['This example is {}.', 'This is a photo of {}', 'This is a sound of {}.', 'Describe the picture.',
    'The function', 'Bearer …']);

const TOKEN = /\s+|\/\/.*|\/\*[^]*?\*\/|'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"|[\w$]+|[^]/y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\/\w*/y;
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`$\\])*/y;
/** Behind these a "/" begins a regular expression, and divides behind others. */
const NO_VALUE = /^(?:[^\w$)\]}'"`]|return|of|typeof|case)?$/;

/** The literals of a file, with "…" for what a template has put in. `before` and `after` are the tokens beside one.
 * @param {string} source */
function literalsOf(source) {
    /** @type {{text: string, at: number, before: string, after: string}[]} */
    const found = [];
    let at = 0;
    const take = (/** @type {RegExp} */ pattern) => {
        pattern.lastIndex = at;
        const [piece] = pattern.exec(source) ?? [''];
        at += piece.length;
        return piece;
    };
    const template = () => {
        let text = '';
        for (at++; ; code(), text += '…') {
            text += take(TEMPLATE);
            at += source[at] === '`' ? 1 : 2;
            if (at > source.length || source[at - 1] === '`') return text;
        }
    };
    /** Up to the end, or the brace that ends what a template puts in. */
    const code = () => {
        /** @type {typeof found[0] | null} */
        let last = null;
        for (let before = '', depth = 0; at < source.length;) {
            const begin = at;
            let token = source[at] === '`' ? '`' : source[at] === '/' && NO_VALUE.test(before) && !/[/*]/.test(source[at + 1])
                ? take(REGEXP) : take(TOKEN);
            if (/^(?:\s|\/\/|\/\*)/.test(token)) continue;
            if (last) last.after = token;
            last = null;
            if (/^['"`]/.test(token)) {
                last = { text: token === '`' ? template() : token.slice(1, -1), at: begin, before, after: '' };
                found.push(last);
            }
            if (token === '{') depth++;
            if (token === '}' && depth-- === 0) return;
            before = token[0] === '/' && token.length > 1 ? ')' : token;
        }
    };
    code();
    return found;
}

/** What is wrong with each, of which "+" may have joined several. @param {ReturnType<typeof literalsOf>} literals */
function* faultsOf(literals) {
    let isProse = false;
    for (const { text, at, before, after } of literals) {
        const isBegin = before !== '+';
        isProse = text.includes(' ') || (!isBegin && isProse);
        if (!isProse || OTHER_TEXTS.has(text)) continue;
        const [first] = /^[A-Z]\w*/.exec(text) ?? [];
        if (isBegin && first && !NAMES.has(first)) yield { at, text, why: 'begins with a capital letter' };
        if (after !== '+' && text.endsWith('.')) yield { at, text, why: 'ends with a full stop' };
        if (/(?<!e\.g|i\.e)[.!?] [A-Z]/.test(text)) yield { at, text, why: 'has several sentences' };
    }
}

for (const file of readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.js') || OTHER_FILES.test(file)) continue;
    const source = readFileSync(`${ROOT}/${file}`, 'utf8');
    for (const { at, text, why } of faultsOf(literalsOf(source))) {
        console.log(`${ROOT}/${file}:${source.slice(0, at).split('\n').length}: ${why}: ${text}`);
        process.exitCode = 1;
    }
}
