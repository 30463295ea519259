/** Any graph: its inputs with their datatypes and shapes, its outputs as a table. */
import { h } from '../../draw.js';
import { tensors, tensorsApart } from '../answer/tensors.js';
import { isOnlyBinary } from '../binary.js';
import { tensorField } from '../fields/tensor.js';
import { figureField } from '../fields/text.js';
import { randomOf } from '../random.js';

const LARGEST_SEED = 4294967295;

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeTensors(context) {
    /** The values read, kept until a field changes: there may be a million numbers. @type {{inputs: any[]} | {error: unknown} | null} */
    let known = null;
    const changed = () => {
        known = null;
        context.redraw();
    };
    /** Some outputs come in binary alone. */
    const isBinary = (context.model.outputs ?? []).some((/** @type {any} */ { datatype }) => isOnlyBinary(datatype));
    const seed = figureField(changed, 'seed', 'Seed for random numbers', 1 + Math.floor(Math.random() * 999), { min: 0, max: LARGEST_SEED });
    const fields = (context.model.inputs ?? []).map((/** @type {any} */ value, /** @type {number} */ index) => tensorField(value, index, context, changed));
    return {
        draw: () => [fields.length ? [h('div', { class: 'fields', key: 'seed' }, seed.draw()), fields.map((/** @type {ReturnType<typeof tensorField>} */ field) => field.draw())]
            : h('p', { class: 'none' }, 'The graph takes no input.')],
        read() {
            try {
                known ??= { inputs: readAll(fields, seed.read()) };
            } catch (error) {
                known = { error };
            }
            if ('error' in known) throw known.error;
            return { inputs: known.inputs, ...(isBinary && { parameters: { binary_data_output: true } }) };
        },
        show: (answer) => (answer ? [tensors(answer.outputs)] : []),
        difference: (one, other) => tensorsApart(one.outputs, other.outputs),
        stop: () => fields.forEach((/** @type {ReturnType<typeof tensorField>} */ field) => field.stop()),
    };
}

/** Each has numbers of its own, whichever others are random. @param {ReturnType<typeof tensorField>[]} fields @param {number} seed */
const readAll = (fields, seed) => fields.map((field, index) => field.read(randomOf(seed + index)));
