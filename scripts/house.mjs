/**
 * Measures the shape of the source: rooms and their dependencies, names that are too short or used twice, lengths, and
 * constructions that plain English avoids. It reads the text only; nothing is built.
 *
 *     node scripts/house.mjs [--json] [--list] [--check] [FOLDER]
 *
 * A room is a first folder of src/; the files in src/ itself form one more. With --list, each figure is followed by the
 * things it counts. With --check, only the figures that exceed their bounds are shown, and the exit status is 1 if there
 * are any. FOLDER is the tree to measure; the default is this one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders that are models, before they had a room of their own and since. */
const MODELS = /^src\/(models|library|format|hub|source|content|blockstore|copies|quantize)\//;
const DOCUMENTS = /^(README|CONTRIBUTING|CHANGELOG)\.md$|^docs\/.*\.md$|^man\/.*\.[1-8]$/;

/** Constructions that plain English avoids. "Who" and "What" count only after the end of another sentence, because at the
 * start of a comment or a cell they may be a heading. Questions do not count. */
const CONSTRUCTIONS = {
    'Who and What as subjects': /(?<=[.!?]["”)]?\s+)(?:Who|What)\b(?![^.!?;|]*\?)/g,
    'Of a …, …': /(?<=[.!?]["”)]?\s+)Of (?:an?|the|each|all|those|what|whom?)\b[^.;:|]{1,80}?,/g,
    'nobody, whoever, whom': /\b(?:nobody|whoever|whom)\b/gi,
    'lies, stands, beside, anew, in vain': /\b(?:lies|stands|beside|anew|in vain)\b/gi,
};

/** Definitions and declarations at the beginning of a line, with their names. */
const FUNCTION = /^(?!typedef|extern|else|return)([a-z][\w *,()]*?[ *])([a-z]\w*)\((?![*])/gm;
const TABLE = /^(?:extern )?(?:const )?(?:struct|enum|char|int|unsigned|size_t|uint\d+_t)\b[\w *]*?\b(wi_\w+)(?:\[[^\]]*\])*(?: =|;)/gm;

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
const meanOf = (numbers) => Math.round(sum(numbers) / Math.max(1, numbers.length));
const unique = (list) => [...new Set(list)].sort();

/** Values by key, in the order of the keys. @template T @returns {Map<string, T[]>} */
function grouped(items, key, value = (item) => item) {
    const groups = new Map();
    for (const item of items) {
        const of = key(item);
        if (!groups.has(of)) groups.set(of, []);
        groups.get(of).push(value(item));
    }
    return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/* --- the tree ---------------------------------------------------------------------------------------------------- */

/** The documents of a tree, and its C files by path, with code and comments apart. */
function readTree(root) {
    const documents = [], sources = new Map();
    const visit = (folder) => {
        for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
            const file = path.posix.join(folder, entry.name);
            if (entry.isDirectory()) visit(file);
            else if (/^src\/.*\.[ch]$/.test(file)) sources.set(file, parted(file, fs.readFileSync(path.join(root, file), 'utf8')));
            else if (DOCUMENTS.test(file)) documents.push({ file, text: fs.readFileSync(path.join(root, file), 'utf8') });
        }
    };
    for (const folder of ['src', 'docs', 'man']) if (fs.existsSync(path.join(root, folder))) visit(folder);
    for (const file of fs.readdirSync(root).filter((name) => DOCUMENTS.test(name)))
        documents.push({ file, text: fs.readFileSync(path.join(root, file), 'utf8') });
    return { documents, sources };
}

function parted(file, text) {
    const comments = [];
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (found, at) => {
        if (found[0] !== '/') return /^#\s*include $/.test(text.slice(text.lastIndexOf('\n', at) + 1, at)) ? found : found.replace(/[^\n]/g, ' ');
        comments.push(found.replace(/^\/[*/]+|\*\/$/g, '').replace(/^\s*\*?[ \t]?/gm, ''));
        return found.replace(/[^\n]/g, ' ');
    }).replace(/^__attribute__\(\([^;{]*?\)\)\)?\s/gm, (found) => found.replace(/[^\n]/g, ''));
    return { file, room: /^src\/([^/]+)\//.exec(file)?.[1] ?? 'main', lines: text.split('\n').length - 1, code, comments };
}

/* --- rooms ------------------------------------------------------------------------------------------------------- */

/** Rooms with those that they include from. @returns {Map<string, Set<string>>} */
function roomsOf(sources) {
    const rooms = new Map([...sources.values()].map(({ room }) => [room, new Set()]));
    for (const { file, room, code } of sources.values())
        for (const [, name] of code.matchAll(/^#\s*include "([^"]+)"/gm)) {
            const to = sources.get(`src/${name}`) ?? sources.get(path.posix.join(path.posix.dirname(file), name));
            if (to && to.room !== room) rooms.get(room).add(to.room);
        }
    return rooms;
}

/** How many rooms the longest chain has; those that include from each other are one link of it. */
function levelsOf(rooms) {
    const reached = new Map([...rooms.keys()].map((room) => [room, reach(rooms, room)]));
    const isWith = (a, b) => a === b || (reached.get(a).has(b) && reached.get(b).has(a));
    const levels = new Map();
    const level = (room) => {
        if (!levels.has(room))
            levels.set(room, 1 + Math.max(0, ...[...reached.get(room)].filter((below) => !isWith(room, below)).map(level)));
        return levels.get(room);
    };
    return Math.max(0, ...[...rooms.keys()].map(level));
}

function reach(rooms, from) {
    const found = new Set(), next = [from];
    while (next.length)
        for (const room of rooms.get(next.pop()))
            if (!found.has(room)) found.add(room), next.push(room);
    return found;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/** Functions of a file: those that it declares and those that it has, with the lines that each takes. */
function functionsOf({ code }) {
    const found = [];
    for (const match of code.matchAll(FUNCTION)) {
        const [, type, name] = match, end = closing(code, match.index + match[0].length - 1);
        const isDefined = /^\s*\{/.test(code.slice(end + 1, end + 40));
        const lines = isDefined ? code.slice(match.index, code.indexOf('\n}', end) + 2).split('\n').length : 0;
        found.push({ name, isStatic: /\bstatic\b/.test(type), isDefined, lines });
    }
    return found;
}

/** Where the parenthesis at `from` closes. */
function closing(code, from) {
    let depth = 0, at = from;
    do depth += { '(': 1, ')': -1 }[code[at]] ?? 0; while (depth > 0 && ++at < code.length);
    return at;
}

const wordsIn = ({ code }) => new Set(code.match(/\b[a-z]\w+/g));

/** Functions in headers of models that files of other rooms name. */
function modelsUsed(files) {
    const declared = new Set(files.filter(({ file }) => MODELS.test(file) && file.endsWith('.h'))
        .flatMap(({ functions }) => functions.filter(({ isStatic }) => !isStatic).map(({ name }) => name)));
    return unique(files.filter(({ file }) => !MODELS.test(file))
        .flatMap(({ words }) => [...words].filter((word) => declared.has(word))));
}

/** Static functions: a name once for each file that has one. */
const staticsOf = (files) => files.flatMap(({ file, functions }) =>
    unique(functions.filter(({ isStatic, isDefined }) => isStatic && isDefined).map(({ name }) => name))
        .map((name) => ({ name, file }))).filter(({ name }) => name !== 'main' && !name.startsWith('on_'));

/** The files of each program, as the linker takes them: what defines a name that is used, beginning with a main(). */
function programsOf(files) {
    const home = new Map();
    for (const one of files.filter(({ file }) => file.endsWith('.c'))) {
        for (const { name, isStatic, isDefined } of one.functions)
            if (!isStatic && isDefined && name !== 'main') home.set(name, one);
        for (const [, name] of one.code.matchAll(TABLE))
            if (!home.has(name)) home.set(name, one);
    }
    const programs = new Map();
    for (const first of files.filter(({ functions }) => functions.some(({ name, isDefined }) => name === 'main' && isDefined))) {
        const linked = new Set([first]);
        for (const one of linked) // which grows
            for (const word of one.words)
                if (home.has(word)) linked.add(home.get(word));
        programs.set(first.file, [...linked].map(({ file }) => file).sort());
    }
    return programs;
}

/** Names of files that some program has twice or more, with the files. @param {Iterable<string[]>} programs @returns {Map<string, string[]>} */
function namedTwice(programs) {
    const twice = new Map();
    for (const files of programs)
        for (const [name, all] of grouped(files, (file) => path.posix.basename(file)))
            if (all.length > 1) twice.set(name, unique([...twice.get(name) ?? [], ...all]));
    return twice;
}

/* --- prose ------------------------------------------------------------------------------------------------------- */

/** A document as text: without code, macros and what is between backquotes. */
function proseOf({ file, text }) {
    if (file.endsWith('.md'))
        return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/^ {4}.*$/gm, '').replace(/`[^`]*`/g, 'x').replace(/\]\([^)]*\)/g, ']');
    return text.replace(/^\.Bd[\s\S]*?^\.Ed/gm, '').replace(/^\.(\\"|Dd|Dt|Os|Sh|Ss|It Xo|Bl|El|Pp).*$/gm, '').replace(/^\.\w+ ?.*$/gm, 'x')
        .replace(/\\[*(]?\w{1,2}/g, ' ');
}

/** @param {{file: string, text: string}[]} texts */
function turnsOf(texts) {
    const found = [];
    for (const { file, text } of texts)
        for (const [name, pattern] of Object.entries(CONSTRUCTIONS))
            for (const { 0: turn, index } of text.matchAll(pattern))
                found.push({ file, name, text: text.slice(index, index + turn.length + 40).replace(/\s+/g, ' ').trim() });
    const words = sum(texts.map(({ text }) => text.match(/[A-Za-z][\w'’-]*/g)?.length ?? 0));
    const per = (count) => (words ? Number((count * 10000 / words).toFixed(1)) : 0);
    return {
        per_10000_words: per(found.length), words,
        constructions: Object.fromEntries(Object.keys(CONSTRUCTIONS).map((name) => [name, per(found.filter((one) => one.name === name).length)])),
        found: found.map(({ file, text }) => `${file}: ${text}`),
    };
}

/* --- the table --------------------------------------------------------------------------------------------------- */

/** All figures of the tree below `root`, each with what it counts. @param {string} root */
export function measure(root) {
    const { documents, sources } = readTree(root);
    const files = [...sources.values()].map((one) => ({ ...one, functions: functionsOf(one), words: wordsIn(one) }));
    const rooms = roomsOf(sources), statics = staticsOf(files), models = modelsUsed(files), twice = namedTwice(programsOf(files).values());
    const often = [...grouped(statics, ({ name }) => name, ({ file }) => file)].filter(([, all]) => all.length > 3);
    const bare = files.filter(({ file }) => file.endsWith('.h')).flatMap(({ file, functions }) =>
        functions.filter(({ name, isStatic }) => !isStatic && !name.startsWith('wi_')).map(({ name }) => `${name}: ${file}`));
    const word = statics.filter(({ name }) => !name.includes('_'));
    const lengths = files.flatMap(({ functions }) => functions.filter(({ isDefined }) => isDefined).map(({ lines }) => lines)).sort((a, b) => a - b);
    const c = files.filter(({ file }) => file.endsWith('.c')), lines = c.map((one) => one.lines);
    return {
        rooms: { count: rooms.size, levels: levelsOf(rooms), dependencies: sum([...rooms.values()].map((all) => all.size)),
            found: [...rooms].map(([room, all]) => `${room}: ${unique(all).join(' ')}`) },
        models: { used_outside: models.length, headers: unique(files.filter(({ file, functions }) => MODELS.test(file) && file.endsWith('.h')
            && functions.some(({ name }) => models.includes(name))).map(({ file }) => file)).length, found: models },
        lines: { all: sum(files.map((one) => one.lines)), c: sum(lines), h: sum(files.map((one) => one.lines)) - sum(lines) },
        statics: { one_word: word.length, in_more_than_three_files: often.length,
            found: [...grouped([...word, ...often.flatMap(([name, all]) => all.map((file) => ({ name, file })))], ({ name }) => name, ({ file }) => file)]
                .map(([name, all]) => `${name}: ${unique(all).join(' ')}`) },
        publics: { without_wi: bare.length, found: bare },
        file_names: { twice_in_a_program: twice.size, files: sum([...twice.values()].map((all) => all.length)),
            twice_in_src: namedTwice([c.map(({ file }) => file)]).size,
            found: [...twice].map(([name, all]) => `${name}: ${all.join(' ')}`) },
        documents: turnsOf(documents.map((one) => ({ file: one.file, text: proseOf(one) }))),
        comments: turnsOf(files.flatMap(({ file, comments }) => comments.map((text) => ({ file, text })))),
        functions: { count: lengths.length, mean: meanOf(lengths), p90: lengths[Math.floor(lengths.length * 0.9)] ?? 0, max: lengths.at(-1) ?? 0 },
        files: { c: c.length, mean: meanOf(lines), max: Math.max(0, ...lines) },
    };
}

const ROWS = [
    ['rooms of src / levels / dependencies between them', 'rooms', ({ count, levels, dependencies }) => [count, levels, dependencies]],
    ['public functions of models used from outside / in so many headers', 'models', ({ used_outside, headers }) => [used_outside, headers]],
    ['lines of src / .c / .h', 'lines', ({ all, c, h }) => [all, c, h]],
    ['static functions of one word / names of some in more than 3 files', 'statics',
        ({ one_word, in_more_than_three_files }) => [one_word, in_more_than_three_files]],
    ['public functions whose name does not begin with wi_', 'publics', ({ without_wi }) => [without_wi]],
    ['file names twice in a program / files with them / names twice in src', 'file_names',
        ({ twice_in_a_program, files, twice_in_src }) => [twice_in_a_program, files, twice_in_src]],
    ['constructions per 10,000 words of documents', 'documents', ({ per_10000_words }) => [per_10000_words]],
    ['constructions per 10,000 words of comments', 'comments', ({ per_10000_words }) => [per_10000_words]],
    ['functions / mean / p90 / max lines', 'functions', ({ count, mean, p90, max }) => [count, mean, p90, max]],
    ['.c files / mean / max lines', 'files', ({ c, mean, max }) => [c, mean, max]],
];

function print(figures, isListed) {
    const width = Math.max(...ROWS.map(([label]) => label.length));
    for (const [label, key, values] of ROWS) {
        console.log(`${label.padEnd(width)}  ${values(figures[key]).join(' / ')}`);
        for (const [name, value] of Object.entries(figures[key].constructions ?? {})) console.log(`    ${name.padEnd(width - 4)}  ${value}`);
        if (isListed) for (const one of figures[key].found ?? []) console.log(`    ${one}`);
    }
}

/** The largest values that lint accepts: the figure, the part of it, the bound and what a breach is called. */
const BOUNDS = [
    ['rooms', 'count', 22, 'rooms in src'],
    ['rooms', 'levels', 11, 'levels of rooms'],
    ['rooms', 'dependencies', 95, 'dependencies between rooms'],
    ['models', 'used_outside', 70, 'functions of models that other rooms use'],
    ['models', 'headers', 1, 'headers of models with functions that other rooms use'],
    ['statics', 'one_word', 0, 'static functions whose name is one word (name them after what they act on: queue_tidy)'],
    ['statics', 'in_more_than_three_files', 0, 'static function names that more than three files have'],
    ['publics', 'without_wi', 0, 'public functions whose name does not begin with wi_'],
    ['file_names', 'twice_in_a_program', 10, 'file names that a program has twice'],
    ['documents', 'per_10000_words', 3, 'constructions per 10,000 words of documents that plain English avoids'],
    ['comments', 'per_10000_words', 3, 'constructions per 10,000 words of comments that plain English avoids'],
];

/** Shows each figure above its bound with what it counts. @returns {boolean} whether all are within their bounds */
function check(figures) {
    const above = BOUNDS.filter(([key, part, bound]) => figures[key][part] > bound);
    for (const [key, part, bound, label] of above) {
        console.log(`${figures[key][part]} ${label}; at most ${bound}:`);
        for (const one of figures[key].found) console.log(`    ${one}`);
    }
    return above.length === 0;
}

/** The figures, without what they count. */
const totals = (figures) => Object.fromEntries(Object.entries(figures).map(([key, { found, ...rest }]) => [key, rest]));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const words = process.argv.slice(2), options = words.filter((word) => word.startsWith('-'));
    const [folder, ...more] = words.filter((word) => !word.startsWith('-'));
    if (more.length || options.some((option) => !['--json', '--list', '--check'].includes(option))) {
        console.error('usage: node scripts/house.mjs [--json] [--list] [--check] [FOLDER]');
        process.exit(2);
    }
    const figures = measure(folder ?? fileURLToPath(new URL('..', import.meta.url))), isListed = options.includes('--list');
    if (options.includes('--check')) process.exitCode = check(figures) ? 0 : 1;
    else if (options.includes('--json')) console.log(JSON.stringify(isListed ? figures : totals(figures), null, 4));
    else print(figures, isListed);
}
