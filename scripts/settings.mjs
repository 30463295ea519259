// What page/src/pipeline/settings/table.js says of a folder's settings, for others: `settings.mjs c` prints
// src/terms/format/huggingface_settings.inc, and `settings.mjs mdoc` a section of man/webinfer-inputs.7, which manual.mjs puts there.
import { GENERATION_OF_CONFIG, SETTINGS } from '../page/src/pipeline/settings/table.js';

const [form] = process.argv.slice(2);
const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** A row for each member of the files whose other members are listed, and one at each file's end for these. */
function rows() {
    const listed = Object.entries({ ...SETTINGS, 'config.json': GENERATION_OF_CONFIG })
        .filter(([, { rest, rows: groups }]) => rest === 'ignored' || groups.some(({ fate }) => fate === 'ignored'));
    return listed.flatMap(([file, { rest, rows: groups }]) => [
        ...groups.flatMap(({ fate, why, members, but }) => members.map((member) =>
            [file, member, fate === 'ignored' ? why : null, Object.hasOwn(but, member) ? but[member] : null])),
        [file, null, rest === 'ignored' ? 'it is not known' : null, null],
    ]);
}

function printC() {
    console.log('/* Made by scripts/settings.mjs of page/src/pipeline/settings/. */');
    const text = (value) => (value === null ? 'NULL' : quoted(value));
    for (const [file, member, why, but] of rows()) {
        console.log(`{${[text(file), text(member), text(why), but === null ? 'NAN' : String(but)].join(', ')}},`);
    }
}

/** Words in lines of at most 80 columns, each behind a macro. @param {readonly string[]} words @param {string} [macro] */
function filled(words, macro = '') {
    const lines = [''];
    for (const word of words) {
        if (`${lines.at(-1)} ${word}`.length > 80 - macro.length) lines.push('');
        lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trimStart();
    }
    return lines.map((line) => `${macro}${line}`);
}

/** @param {readonly string[]} members */
const listed = (members) => filled([...members].sort().map((member, at) => (at < members.length - 1 ? `${member} ,` : member)), '.Li ');

const REST = {
    harmless: 'Other members are harmless, since the graph contains what they describe.', ignored: 'Other members are ignored.', refused: 'Other members are refused.',
};

/** @param {import('../page/src/pipeline/settings/rows.js').Row} row */
function printRow({ fate, why, members, but }) {
    const values = Object.entries(but).map(([member, value]) => `${member} ${value}`);
    const besides = values.length > 0 ? ` (no effect: ${values.join(', ')})` : '';
    console.log([`.It ${fate}`, ...filled(`${why}${besides}:`.split(' ')), ...listed(members)].join('\n'));
}

function printManual() {
    console.log('.\\" begin settings');
    for (const [file, { rest, rows: groups }] of Object.entries(SETTINGS)) {
        console.log(`.Pp\n.Pa ${file} :\n.Bl -tag -width honoured -compact`);
        groups.forEach(printRow);
        console.log(`.El\n${REST[rest]}`);
    }
    console.log('.\\" end settings');
}

({ c: printC, mdoc: printManual })[form]();
