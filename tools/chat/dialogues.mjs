// Draws dialogues with their right answers. What a test dialogue is about was never trained on: its
// names, its pairs of summands, its topics, and its combinations of start, core and end of a
// phrase.

import {
    answers, names, otherTools, phrases, systems, timeDescriptions, topics,
} from './words.mjs';

/** @typedef {import('../digits/random.mjs').Random} Random */
/** @typedef {'train' | 'test'} Split */
/** @typedef {{role: string, content: string | null, tool_calls?: object[]}} Message */
/** @typedef {{messages: Message[], tools: object[]}} Dialogue */
/** @typedef {{random: Random, split: Split, name: string | null, hasTime: boolean}} State */

const HELD_OUT = 8; // one in so many phrases
const HELD_OUT_SUMS = 10; // … pairs of summands

/** FNV-1a. @param {string} text */
function hash(text) {
    let value = 0x811c9dc5;
    for (const character of text)
        value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
    return (value ^ (value >>> 15)) >>> 0;
}

/** @param {Random} random @param {number} low @param {number} high both included */
const integer = (random, low, high) => low + Math.floor(random.uniform() * (high - low + 1));

/** Whether this pair, in either order, is kept for the test. @param {number} a @param {number} b */
export const isHeldOutSum = (a, b) =>
    hash(`${Math.min(a, b)} and ${Math.max(a, b)}`) % HELD_OUT_SUMS === 0;

/** @param {State} state @param {string} intent @param {Record<string, string | number>} [values] */
function say({ random, split }, intent, values = {}) {
    const { starts = [''], cores, ends } = phrases[intent];
    for (;;) {
        const start = random.pick(starts), core = random.pick(cores), end = random.pick(ends);
        if ((hash(`${intent} ${start}|${core}|${end}`) % HELD_OUT === 0) !== (split === 'test'))
            continue;
        const text = start + core.replace(/\{(\w)\}/g, (_, key) => String(values[key])) + end;
        return random.uniform() < 0.6 ? capital(text) : text;
    }
}

const CONSONANTS = [...'bcdfghjklmnprstvwxz', 'ch', 'sh', 'th', 'st', 'br'];
const VOWELS = [...'aeiouy', 'ai', 'ee'];

/** @param {string} word */
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** Any letters. @param {Random} random */
function randomName(random) {
    return capital(Array.from({ length: integer(random, 2, 9) }, () =>
        random.pick([...'abcdefghijklmnopqrstuvwxyz'])).join(''));
}

const knownWords = JSON.stringify([phrases, answers, topics.train]).toLowerCase()
    .match(/[a-z]{3,}/g) ?? [];

/**
 * Pieces of known words, so that every token of letters occurs in what has to be copied or ignored.
 * @param {Random} random
 * @param {number} most pieces
 */
const oddWord = (random, most) => Array.from({ length: integer(random, 1, most) }, () => {
    const word = random.pick(knownWords), from = integer(random, 0, word.length - 2);
    return word.slice(from, from + integer(random, 1, 4));
}).join('');

/** A name that nobody has, so that names are copied and not known. @param {Random} random */
function inventedName(random) {
    const kind = random.uniform();
    if (kind < 0.2)
        return randomName(random);
    if (kind < 0.55)
        return capital(oddWord(random, 3));
    if (kind < 0.8)
        return random.pick(names.train).slice(0, integer(random, 2, 4)) +
            random.pick(names.train).slice(-integer(random, 1, 4)).toLowerCase();
    let name = random.uniform() < 0.3 ? random.pick(VOWELS) : '';
    for (let syllables = integer(random, 1, 3); syllables; syllables--)
        name += random.pick(CONSONANTS) + random.pick(VOWELS);
    name += random.uniform() < 0.5 ? random.pick(CONSONANTS) : '';
    return capital(name);
}

/** @param {State} state */
function drawName({ random, split }) {
    if (split === 'test')
        return random.pick(names.test);
    for (;;) {
        const name = random.uniform() < 0.4 ? random.pick(names.train) : inventedName(random);
        if (!names.test.includes(name))
            return name;
    }
}

/** @param {string} content @returns {Message} */
const user = (content) => ({ role: 'user', content });
/** @param {string} content @returns {Message} */
const assistant = (content) => ({ role: 'assistant', content });
/** @param {string} intent @param {string} answer */
const fixed = (intent, answer) => (/** @type {State} */ state) =>
    [user(say(state, intent)), assistant(answer)];

/** @param {State} state */
function sum(state) {
    const { random, split } = state;
    for (;;) {
        const small = random.uniform() < 0.15 ? 9 : 99;
        const a = integer(random, 0, small), b = integer(random, 0, 99);
        if (isHeldOutSum(a, b) === (split === 'test'))
            return [user(say(state, 'sum', { a, b })), assistant(answers.sum(a, b))];
    }
}

/** @param {State} state */
function largeSum(state) {
    const { random } = state, many = integer(random, 100, 9999), few = integer(random, 0, 500);
    const [a, b] = random.uniform() < 0.5 ? [many, few] : [few, many];
    return [user(say(state, 'sum', { a, b })), assistant(answers.tooLarge)];
}

/** @param {State} state */
function otherSum(state) {
    const a = integer(state.random, 0, 99), b = integer(state.random, 0, 99);
    return [user(say(state, 'otherSum', { a, b })), assistant(answers.onlyAdd)];
}

/** @param {State} state */
function tellName(state) {
    const name = drawName(state);
    state.name = name;
    return [user(say(state, 'tellName', { n: name })), assistant(answers.nice(name))];
}

/** @param {State} state */
const askName = (state) => [user(say(state, 'askName')),
    assistant(state.name === null ? answers.unknownName : answers.yourName(state.name))];

/** @param {State} state */
function refuse(state) {
    const { random, split } = state;
    const t = split === 'train' && random.uniform() < 0.4
        ? random.pick(['', 'the ', 'a ']) + oddWord(random, 4) : random.pick(topics[split]);
    return [user(say(state, 'refuse', { t })), assistant(answers.refuse)];
}

/** What a tool may say that tells the time. @param {Random} random @param {string} time */
function timeResult(random, time) {
    const second = String(integer(random, 10, 59));
    return random.pick([time, time, `{"time": "${time}"}`, `{"time":"${time}"}`, `It is ${time}.`,
        `{"time": "${time}:${second}"}`, `${time}:${second}`, `2026-0${integer(random, 1, 9)}-` +
        `${integer(random, 10, 28)}T${time}:${second}Z`]);
}

/** @param {State} state @returns {Message[]} */
function time(state) {
    const { random } = state, question = user(say(state, 'time'));
    if (!state.hasTime)
        return [question, assistant(answers.noTime)];
    const two = (/** @type {number} */ most) => String(integer(random, 0, most)).padStart(2, '0');
    const now = `${two(23)}:${two(59)}`;
    const call = { type: 'function', function: { name: 'get_time', arguments: {} } };
    return [question, { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', content: timeResult(random, now) }, assistant(answers.time(now))];
}

/** How often each is drawn. @type {[number, (state: State) => Message[]][]} */
const INTENTS = [
    [5, fixed('greet', answers.greet)], [2, fixed('bye', answers.bye)],
    [3, fixed('thanks', answers.thanks)], [5, fixed('self', answers.self)],
    [2, fixed('skills', answers.skills)], [0.6, fixed('story', answers.story)],
    [26, sum], [1.5, largeSum], [2, otherSum], [17, tellName], [3, askName],
    [8, time], [9, refuse], [3, fixed('mood', answers.refuse)],
];
const TOTAL = INTENTS.reduce((total, [weight]) => total + weight, 0);

/** Who has told a name is likely to ask for it. @param {State} state */
function drawIntent({ random, name }) {
    if (name !== null && random.uniform() < 0.25)
        return askName;
    let rest = random.uniform() * TOTAL;
    return (INTENTS.find(([weight]) => (rest -= weight) < 0) ?? INTENTS[0])[1];
}

/** @param {string} name @param {string} description @param {object} parameters */
const tool = (name, description, parameters) => ({
    type: 'function',
    function: { name, ...(description ? { description } : {}), parameters },
});

/**
 * The tools that a dialogue offers.
 * @param {Random} random
 * @param {Split} split
 * @param {boolean} hasTime
 */
function drawTools(random, split, hasTime) {
    const none = random.pick([{ type: 'object', properties: {} },
        { type: 'object', properties: {}, required: [] }]);
    const tools = otherTools.filter(() => random.uniform() < 0.08)
        .map(([name, description, parameters]) => tool(name, description, {
            type: 'object',
            properties: Object.fromEntries(parameters.map((one) => [one, { type: 'string' }])),
        }));
    const place = integer(random, 0, tools.length);
    if (hasTime)
        tools.splice(place, 0, tool('get_time', random.pick(timeDescriptions[split]), none));
    return tools;
}

/**
 * @param {Random} random
 * @param {Split} split
 * @param {{turns?: number, only?: (state: State) => Message[]}} [options]
 * @returns {Dialogue}
 */
function draw(random, split, { turns = 1, only } = {}) {
    const hasTime = random.uniform() < 0.25, hasTools = hasTime || random.uniform() < 0.06;
    /** @type {State} */
    const state = { random, split, name: null, hasTime };
    /** @type {Message[]} */
    const messages = random.uniform() < 0.25
        ? [{ role: 'system', content: random.pick(systems[split]) }] : [];
    const tools = hasTools && !only ? drawTools(random, split, hasTime) : [];
    for (let turn = 0; turn < turns; turn++)
        messages.push(...(only ?? drawIntent(state))(state));
    return { messages, tools };
}

/** A dialogue of one sum, for the start of the training. @param {Random} random */
export const drawSum = (random) => draw(random, 'train', { only: sum });

/** @param {Random} random @param {Split} split @param {number} mostTurns */
export const drawDialogue = (random, split, mostTurns) =>
    draw(random, split, { turns: integer(random, 1, mostTurns) });

/** Every pair of summands that is kept for the test, asked plainly. @returns {Dialogue[]} */
export const heldOutSums = () => Array.from({ length: 10000 }, (_, i) => [i / 100 | 0, i % 100])
    .filter(([a, b]) => isHeldOutSum(a, b))
    .map(([a, b]) => ({
        messages: [user(`What is ${a} + ${b}?`), assistant(answers.sum(a, b))], tools: [],
    }));
