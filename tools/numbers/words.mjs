// Numbers from 0 to 9999, their English words, and the tokens of both.

export const COUNT = 10000;
const START = '▁'; // of a word, in a token

const small = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten',
    'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'];
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

export const special = ['<s>', '<pad>', '</s>', '<unk>'];
export const vocabulary = [...special, ...'0123456789',
    ...[...small, ...tens, 'hundred', 'thousand'].map((word) => START + word),
    ...small.slice(1, 10).map((word) => `-${word}`)];

/** @param {number} n below 10,000 @returns {string[]} tokens */
export function spell(n) {
    if (n >= 1000)
        return [START + small[Math.floor(n / 1000)], `${START}thousand`, ...rest(n % 1000)];
    if (n >= 100)
        return [START + small[Math.floor(n / 100)], `${START}hundred`, ...rest(n % 100)];
    if (n < 20)
        return [START + small[n]];
    return [START + tens[Math.floor(n / 10) - 2], ...(n % 10 ? [`-${small[n % 10]}`] : [])];
}

/** What follows a thousand or a hundred: nothing is said of nothing. @param {number} n */
const rest = (n) => n === 0 ? [] : spell(n);

/** @param {string[]} tokens */
export const textOf = (tokens) => tokens.join('').replaceAll(START, ' ').trim();

/** Whether a number is kept for the test: one in five, by a hash, of those from 100 on. @param {number} n */
export const isHeldOut = (n) => n >= 100 && (Math.imul(n, 0x9e3779b1) >>> 8) % 5 === 0;

/** tokenizer.json: every character of a number is a token. */
export function tokenizer() {
    const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
    const end = { SpecialToken: { id: '</s>', type_id: 0 } }, text = { Sequence: { id: 'A', type_id: 0 } };
    return {
        version: '1.0', truncation: null, padding: null,
        added_tokens: special.map((content, id) => ({ id, content, single_word: false, lstrip: false,
            rstrip: false, normalized: false, special: true })),
        normalizer: { type: 'Replace', pattern: { Regex: '[\\s,]' }, content: '' },
        pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
        post_processor: { type: 'TemplateProcessing', single: [text, end],
            pair: [text, end, { Sequence: { id: 'B', type_id: 0 } }, end],
            special_tokens: { '</s>': { id: '</s>', ids: [vocab['</s>']], tokens: ['</s>'] } } },
        decoder: { type: 'Metaspace', replacement: START, add_prefix_space: true, prepend_scheme: 'always' },
        model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
    };
}
