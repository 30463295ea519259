/** One input of a graph: filled at random, from JSON, or from a .npy file. */
import { h } from '../../draw.js';
import { bytes, plain } from '../../format.js';
import { checkSize, mostBytes, readFile } from '../files.js';
import { parseJson } from '../json.js';
import { readNpy } from '../npy.js';
import { randomValues } from '../random.js';
import { FieldError } from '../request.js';
import { flatten, MOST_VALUES, shapeText, sizeOf, tensorOf } from '../tensor.js';
import { fileField } from './drop.js';
import { choiceField, figureField, idOf, textField } from './text.js';

/** @typedef {{name: string, datatype: string | null, shape: number[] | null}} Value an input as the model tells it, -1 for what is free */

const LARGEST = 1_000_000;

/** @param {Value} value @param {number} index @param {{say: (text: string, isError?: boolean) => void}} context
 * @param {() => void} changed */
export function tensorField(value, index, context, changed) {
    const datatype = value.datatype ?? 'FP32', id = `input-${index}`;
    const wanted = { name: value.name, datatype, shape: value.shape };
    const isText = datatype === 'BYTES', isWhole = !/^(?:FP|BF)/.test(datatype);
    const sizes = (value.shape ?? []).map((size, axis) => (size < 0 ? figureField(changed, `${id}-size-${axis}`, `Size of dimension ${axis + 1}`, 1, { min: 0, max: LARGEST }) : null));
    const shape = value.shape ? null : textField(changed, `${id}-shape`, 'Shape', { value: '1', hint: 'Sizes with commas between them.' });
    const filled = choiceField(changed, `${id}-by`, 'Filled', [...(isText ? [] : [['random', 'at random']]), ['json', 'from JSON'], ...(isText ? [] : [['npy', 'from a .npy file']])].map(([one, called]) => [one, called]));
    const low = figureField(changed, `${id}-low`, 'From', 0, { whole: isWhole }), high = figureField(changed, `${id}-high`, 'To', 1, { whole: isWhole });
    const json = textField(changed, `${id}-json`, 'Values as JSON', { rows: 4, hint: isText ? 'A list of strings.' : 'Lists in lists, or one list, row by row.' });
    const npy = npyField(`${id}-npy`, context, changed);
    const chosen = () => (value.shape ? value.shape.map((size, axis) => sizes[axis]?.read() ?? size) : shapeOf(idOf(`${id}-shape`), shape?.read() ?? ''));
    return {
        draw: () => h('fieldset', { class: 'input', key: id }, h('legend', null, h('code', null, value.name), ` ${plain(datatype)} ${shapeText(value.shape)}`),
            h('div', { class: 'fields' }, filled.draw(), filled.value === 'npy' ? null : [shape?.draw(), sizes.map((size) => size?.draw())],
                filled.value === 'random' && datatype !== 'BOOL' ? [low.draw(), high.draw()] : null),
            filled.value === 'json' ? json.draw() : filled.value === 'npy' ? npy.draw() : null),
        /** @param {() => number} random @returns {import('../tensor.js').Tensor} */
        read(random) {
            if (filled.value === 'npy') return npyTensor(npy.read(), wanted, idOf(`${id}-npy`));
            if (filled.value === 'random') return randomTensor(wanted, chosen(), [low.read(), high.read()], random, idOf(`${id}-by`));
            const field = idOf(`${id}-json`), { shape: given, data } = flatten(field, parseJson(field, json.read()));
            return tensorOf(field, wanted, given, data, given && given.length > 1 ? given : chosen());
        },
        stop: () => npy.stop(),
    };
}

/** @param {string} field @param {string} text */
function shapeOf(field, text) {
    const shape = text.split(',').map((one) => one.trim()).filter(Boolean).map(Number);
    if (shape.some((size) => !Number.isInteger(size) || size < 0 || size > LARGEST)) throw new FieldError(field, 'A shape is whole numbers with commas between them, such as 1, 3, 224, 224.');
    return shape;
}

/** @param {{name: string, datatype: string, shape: number[] | null}} wanted @param {number[]} shape @param {number[]} range @param {() => number} random
 * @param {string} field */
function randomTensor({ name, datatype }, shape, [low, high], random, field) {
    const size = sizeOf(shape);
    if (size > MOST_VALUES) throw new FieldError(field, `${shapeText(shape)} takes ${size} values; the console makes at most ${MOST_VALUES}.`);
    if (low > high) throw new FieldError(field, 'The field “From” has a larger number than the field “To”.');
    return { name, datatype, shape, data: randomValues(datatype, size, low, high, random) };
}

/** Floats of another size are taken as floats, whole numbers of another size as whole numbers.
 * @param {ReturnType<typeof readNpy>} array @param {{name: string, datatype: string, shape: number[] | null}} wanted @param {string} field */
function npyTensor({ datatype, shape, values }, wanted, field) {
    const kindOf = (/** @type {string} */ one) => (/^[BF][PF]/.test(one) ? 'float' : one === 'BOOL' ? 'bool' : 'whole');
    if (kindOf(datatype) !== kindOf(wanted.datatype)) throw new FieldError(field, `The file has ${datatype}, and the input takes ${wanted.datatype}.`);
    return tensorOf(field, wanted, shape.length ? shape : null, values, shape);
}

/** @param {string} name @param {{say: (text: string, isError?: boolean) => void}} context @param {() => void} changed */
function npyField(name, { say }, changed) {
    const most = mostBytes();
    /** @type {{name: string, array: ReturnType<typeof readNpy>} | null} */
    let given = null;
    const take = async (/** @type {File} */ file) => {
        given = null;
        changed();
        checkSize(idOf(name), file, most);
        const data = await readFile(file);
        given = { name: file.name, array: readNpy(data) };
    };
    const field = fileField({ name, label: 'File', accept: '.npy', redraw: changed, say, take });
    return {
        draw: () => field.draw(`A .npy file of NumPy, of at most ${bytes(most)}.`, given
            ? h('p', { class: 'note' }, `${plain(given.name)} holds ${given.array.datatype} ${shapeText(given.array.shape)}.`) : null),
        read() {
            if (!given) throw new FieldError(idOf(name), field.problem || 'A .npy file is needed.');
            return given.array;
        },
        stop: () => field.stop(),
    };
}
