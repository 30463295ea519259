/** How far two answers to the same input are apart, in words and figures. */
import { count, many } from '../format.js';

/** @param {any} answer @param {any} other @returns {string} */
export function difference(answer, other) {
    const [one, two] = [textOf(answer), textOf(other)];
    if (one !== null && two !== null) return ofTexts(one, two);
    if ((answer.outputs ?? []).length && (other.outputs ?? []).length) return ofTensors(answer.outputs, other.outputs);
    return JSON.stringify(bare(answer.result)) === JSON.stringify(bare(other.result)) ? 'The same answer.' : 'Another answer.';
}

/** @param {any} answer @returns {string | null} */
const textOf = (answer) => (typeof answer?.result?.text === 'string' ? answer.result.text : null);

/** Without what tells of times. @param {any} result */
function bare(result) {
    if (result === null || typeof result !== 'object') return result;
    const { timings, usage, ...rest } = result;
    return rest;
}

/** @param {string} one @param {string} two */
export function ofTexts(one, two) {
    if (one === two) return 'The same text.';
    const [first, second] = [one.split(/\s+/), two.split(/\s+/)];
    let same = 0;
    while (same < first.length && same < second.length && first[same] === second[same]) same++;
    const lengths = `${many(second.length, 'word')} instead of ${count(first.length)}`;
    return same === 0 ? `Another text from the first word on: ${lengths}.` : `Another text after ${many(same, 'word')}: ${lengths}.`;
}

/** @param {any[]} one @param {any[]} two */
export function ofTensors(one, two) {
    let most = 0, largest = 0, where = '';
    for (const { name, shape, data } of one) {
        const other = two.find((output) => output.name === name);
        if (!other) return `The output ${name} is missing.`;
        if (JSON.stringify(shape) !== JSON.stringify(other.shape)) return `The output ${name} has the shape [${other.shape}] instead of [${shape}].`;
        for (let i = 0; i < (data?.length ?? 0); i++) {
            const [left, right] = [Number(data[i]), Number(other.data[i])];
            largest = Math.max(largest, Math.abs(left) || 0);
            const far = Object.is(left, right) || left === right ? 0 : Math.abs(left - right);
            if (!(far <= most) && String(data[i]) !== String(other.data[i])) {
                most = Number.isNaN(far) ? Infinity : far;
                where = `${name}[${i}]`;
            }
        }
    }
    if (most === 0) return 'The same numbers.';
    return `At most ${figure(most)} apart, at ${where}; the largest number is ${figure(largest)}.`;
}

/** @param {number} value */
const figure = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'infinitely');
