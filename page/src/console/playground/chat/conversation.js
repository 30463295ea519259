/** A conversation as data: what is sent of it, and what a person takes away. */
import { atOf, placeName } from '../places.js';

/** @import { Run } from '../runs.js' */
/** @typedef {{text: string, pictures: string[], runs: import('../runs.js').Runs}} Turn what the person said, data URIs of pictures, and the answers */

/** @param {Run} run @returns {string} its text, also if it was stopped */
export const saidBy = ({ answer, text, state }) => (answer?.result?.text ?? (state === 'failed' ? '' : text));

/** The answer of a place, or else of the first place that answered. @param {Turn} turn @param {import('../places.js').Place} place */
function answerAt({ runs: { list } }, place) {
    const own = list.find((run) => atOf(run.place) === atOf(place) && saidBy(run));
    const run = own ?? list.find((one) => saidBy(one));
    return run ? saidBy(run) : '';
}

/** @param {{text: string, pictures: string[]}} turn */
const contentOf = ({ text, pictures }) => (pictures.length ? [...(text ? [{ type: 'text', text }] : []), ...pictures.map((url) => ({ type: 'image_url', image_url: { url } }))] : text);

/** The messages that go to a place, without turns that have no answer. @param {string} system @param {Turn[]} turns
 * @param {{text: string, pictures: string[]} | null} next @param {import('../places.js').Place} place @returns {any[]} */
export function messagesOf(system, turns, next, place) {
    const before = turns.flatMap((turn) => {
        const content = answerAt(turn, place);
        return content ? [{ role: 'user', content: contentOf(turn) }, { role: 'assistant', content }] : [];
    });
    return [...(system.trim() ? [{ role: 'system', content: system }] : []), ...before, ...(next ? [{ role: 'user', content: contentOf(next) }] : [])];
}

/** @param {{model: string, system: string, options: Record<string, any>, turns: Turn[]}} conversation @returns {string} */
export const asJson = ({ model, system, options, turns }) => `${JSON.stringify({
    model, system: system || undefined, options,
    turns: turns.map((turn) => ({
        user: contentOf(turn),
        answers: turn.runs.list.map(({ place, state, answer, text }) => ({ asked_of: place, state, text: answer?.result?.text ?? text,
            result: answer?.result, executed_on: answer?.executed_on, performance: answer?.performance })),
    })),
}, null, 2)}\n`;

/** @param {{model: string, system: string, turns: Turn[]}} conversation @returns {string} */
export function asText({ model, system, turns }) {
    const said = turns.flatMap(({ text, pictures, runs: { list } }) => [`You:\n${text}${pictures.length ? `\n(with ${pictures.length} of pictures)` : ''}`,
        ...list.map((run) => `${model}${run.place ? ` (${placeName(run.place)})` : ''}:\n${saidBy(run) || `(${run.state})`}`)]);
    return `${[...(system ? [`System:\n${system}`] : []), ...said].join('\n\n')}\n`;
}
