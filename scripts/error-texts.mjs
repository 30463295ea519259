// Prints the error texts of the files that are named which break the rule of src/base/error.h: one
// begins with a small letter, unless with a name, and has no full stop at its end, nor a second
// sentence. Seen are the texts that are given to a function that sets an error, or returned.
import fs from 'node:fs';

const SETTERS = /^(wi_error_\w+|wi_cannot_\w+|\w*(fail|failed|refuse|bad|invalid|wrong|complain)(_\w+)?)$/;

// Plain words with a capital that may begin one. Words such as JSON, WebNN and Content-Type need
// not be here.
const NAMES = new Set(['Host', 'Origin', 'Git', 'Vulkan', 'Chromium', 'Chrome', 'Edge', 'Firefox',
    'Safari']);

// Comments, characters, strings, words, and whatever else is no space.
const TOKEN = /\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\w+|\S/g;

/** Each text as the compiler joins it, with the line and what it is for: a function, or "return". */
function* texts(source) {
    const calls = [];
    let last = '', text = '', user = '', start = 0;
    for (const { 0: token, index } of source.matchAll(TOKEN)) {
        if (/^\/[/*]/.test(token)) continue;
        if (token.startsWith('"')) {
            if (!text) [start, user] = [index, last === 'return' ? last : calls.at(-1)];
            text += token.slice(1, -1);
            continue;
        }
        if (text && /^PRI\w+$/.test(token)) continue;
        if (text) yield { text, user, line: source.slice(0, start).split('\n').length };
        text = '';
        if (token === '(') calls.push(last);
        else if (token === ')') calls.pop();
        last = token;
    }
}

function fault(text) {
    // With a colon it is a header or another key.
    const word = text.match(/^\s*([A-Z][a-z']*)(?=[\s,;])/)?.[1];
    if (word && !NAMES.has(word)) return 'begins with a capital';
    if (/[^.]\.(\\n)?$/.test(text)) return 'ends with a full stop';
    return /(?<!e\.g|i\.e)\. [A-Z]/.test(text) ? 'is more than one sentence' : '';
}

let seen = 0;
for (const file of process.argv.slice(2)) {
    for (const { text, user, line } of texts(fs.readFileSync(file, 'utf8'))) {
        // A single word may be a header's or a field's name, and HTTP's reasons are returned so.
        if (!(user === 'return' ? /\s[a-z]/ : /\s/).test(text)) continue;
        if (user !== 'return' && !SETTERS.test(user)) continue;
        seen++;
        const wrong = fault(text);
        if (wrong) {
            console.log(`${file}:${line}: an error's text ${wrong}: "${text}"`);
            process.exitCode = 1;
        }
    }
}
if (seen === 0) {
    console.log('no error texts were found in those files');
    process.exitCode = 1;
}
