// Draws sentences on a dozen topics for the sample embedder. A sentence is a frame with words of
// one topic in it; one in eight combinations of frame and word is kept for the test.

/** @typedef {import('../digits/random.mjs').Random} Random */

/** @param {string} text */
const words = (text) => text.trim().split(/\s+/);

/** The words of each topic. @type {Record<string, string[]>} */
export const topics = {
    animals: words(`cat dog horse bird finch fish cow sheep lion tiger elephant mouse rabbit wolf
        bear snake duck monkey fox goat`),
    food: words(`bread cheese soup pizza rice apple banana cake chocolate butter salad egg potato
        meat sugar honey sandwich breakfast dinner lunch`),
    weather: words(`rain snow storm wind sun cloud fog thunder lightning ice frost heat cold
        sunshine hail rainbow breeze winter summer temperature`),
    travel: words(`train airplane airport ticket hotel suitcase passport journey bus flight station
        beach island map tourist holiday ferry luggage trip border`),
    sport: words(`football tennis goal team match race swimming runner ball coach stadium player
        basketball score champion gymnast referee league medal skiing`),
    music: words(`song guitar piano violin concert singer melody drum orchestra band rhythm choir
        album trumpet opera flute musician chord tune composer`),
    computers: words(`computer browser server program keyboard software website internet code file
        screen password network database laptop processor memory bug compiler terminal`),
    money: words(`money bank price salary coin tax loan invoice budget cash wallet bill debt profit
        market credit insurance payment rent savings`),
    health: words(`doctor medicine hospital fever headache nurse pain illness pill cough wound tooth
        dentist vaccine patient therapy flu surgery bandage allergy`),
    school: words(`school teacher student lesson exam homework classroom book pencil university
        mathematics grade history grammar professor library essay notebook chemistry pupil`),
    home: words(`house kitchen door window chair table bed lamp garden roof sofa carpet bathroom
        wall garage cupboard stairs curtain mirror shelf`),
    family: words(`mother father sister brother child baby grandmother uncle aunt cousin wedding
        daughter son parents husband wife nephew twins grandfather family`),
};

/** Frames; {a} and {b} are words of the topic. */
const frames = ['the {a} was nice', 'I like the {a}', 'tell me about the {a}',
    'we talked about the {a}', 'where is the {a}', 'what is a {a}', 'my {a} and my {b}',
    'the {a} and the {b}', 'I need a {a} today', 'yesterday I saw a {a}', 'she asked for the {a}',
    'there is no {a} without a {b}', 'do you know a good {a}', 'he wrote about the {a} and the {b}',
    'this {a} is old', 'a new {a} is better than an old {b}', 'I cannot find the {a}',
    'please show me the {a}', 'they have a big {a}', 'the best {a} of the year', 'a {a} or a {b}',
    'why is the {a} so small', 'how does the {a} help with the {b}', 'I dream of a {a}',
    'a question about the {a}', 'first the {a}, then the {b}', 'is the {a} ready',
    'it was only a {a}'];

const HELD_OUT = 8;
const allWords = Object.values(topics).flat();

/**
 * `word` counts through all topics.
 * @typedef {{text: string, topic: number, word: number}} Sentence
 */
/** @typedef {'train' | 'test'} Split */

/** @param {string} text */
function hash(text) {
    let value = 0x811c9dc5;
    for (const character of text)
        value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
    return (value ^ (value >>> 15)) >>> 0;
}

/** @param {Random} random @param {Split} split @param {number} topic @returns {Sentence} */
export function drawSentence(random, split, topic) {
    const list = Object.values(topics)[topic];
    for (;;) {
        const frame = random.pick(frames), a = random.pick(list), b = random.pick(list);
        const word = allWords.indexOf(a);
        if ((hash(`${frame} ${a}`) % HELD_OUT === 0) === (split === 'test'))
            return { text: frame.replace('{a}', a).replace('{b}', b), topic, word };
    }
}

/** A word that nobody knows: it should say nothing. @param {Random} random */
function noiseWord(random) {
    const length = 1 + Math.floor(random.uniform() * 8);
    return Array.from({ length }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz'])).join('');
}

/**
 * The sentence as others might write it: with words before, between and after that are not known,
 * or without some of its own that do not matter.
 * @param {Random} random
 * @param {Sentence} sentence
 * @returns {Sentence}
 */
export function spoilt(random, sentence) {
    const words = sentence.text.split(' ').filter((word) =>
        random.uniform() < 0.7 || allWords.includes(word));
    for (let more = Math.floor(random.uniform() * 5); more; more--)
        words.splice(Math.floor(random.uniform() * (words.length + 1)), 0, noiseWord(random));
    return { ...sentence, text: words.join(' ') + random.pick(['', '.', '?', '!']) };
}

/** Whole words first, then what any text of ASCII can be made of. */
export const vocabularyWords = () => [...new Set([...allWords,
    ...frames.flatMap((frame) => words(frame.replace(/\{.\}|,/g, ' ').toLowerCase()))])];
