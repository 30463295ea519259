// Makes models/numbers from nothing: trains a small BART with PyTorch (Debian: python3-torch, and
// libopenblas0 for speed) to write numbers as words, and writes it as a Hugging Face folder. Seeded;
// a few minutes of one core.
//
//     cd tools && node make-numbers.mjs && node check-tasks.mjs

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COUNT, isHeldOut, special, spell, tokenizer, vocabulary } from './numbers/words.mjs';
import { runTrainer } from './train.mjs';

const folder = fileURLToPath(new URL('../models/numbers', import.meta.url));
const ids = new Map(vocabulary.map((token, id) => [token, id]));
const encode = (/** @type {Iterable<string>} */ tokens) => [...tokens].map((token) => ids.get(token));

const numbers = Array.from({ length: COUNT }, (_, n) => n);
fs.mkdirSync(folder, { recursive: true });
runTrainer('tasks/seq2seq.py', {
    'shape.json': JSON.stringify({ vocabulary: vocabulary.length, pad: 1, end: 2 }),
    'numbers.json': JSON.stringify(numbers.map((n) => ({
        digits: encode(String(n)), words: encode(spell(n)), held: isHeldOut(n),
    }))),
}, folder);
const [first, pad, end, unknown] = special;
/** @param {string} name @param {any} content */
const write = (name, content) =>
    fs.writeFileSync(`${folder}/${name}`, `${JSON.stringify(content, null, 2)}\n`);
write('tokenizer.json', tokenizer());
write('tokenizer_config.json', { tokenizer_class: 'BartTokenizer', model_max_length: 8, bos_token: first,
    eos_token: end, pad_token: pad, unk_token: unknown });
