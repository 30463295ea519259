/** Fields for text: one line, several lines, a choice, a figure. Typed text stays when the page is drawn again. */
import { h } from '../../draw.js';
import { many } from '../../format.js';
import { FieldError } from '../request.js';

/** @import { Part } from '../../draw.js' */

/** @param {string} name @param {string} label @param {Part} input @param {string} [hint] */
export const labelled = (name, label, input, hint) => h('div', { class: 'field', key: name },
    h('label', { for: idOf(name) }, label), input, hint ? h('small', { id: `${idOf(name)}-hint` }, hint) : null);

/** @param {string} name */
export const idOf = (name) => `try-${name}`;

/** @param {() => void} changed @param {string} name @param {string} label
 * @param {{value?: string, rows?: number, hint?: string, optional?: boolean}} [options] */
export function textField(changed, name, label, { value = '', rows = 1, hint, optional = false } = {}) {
    let text = value;
    const oninput = (/** @type {Event} */ event) => {
        text = /** @type {HTMLInputElement} */ (event.target).value;
        changed();
    };
    return {
        name,
        /** @param {string | string[]} given the lines of a list */
        write(given) { text = Array.isArray(given) ? given.join('\n') : given; },
        draw: () => labelled(name, label, h(rows > 1 ? 'textarea' : 'input', { id: idOf(name), name, dir: 'auto', rows: rows > 1 ? rows : undefined, value: text, oninput,
            autocomplete: 'off', 'aria-describedby': hint && `${idOf(name)}-hint` }), hint),
        /** @returns {string} */
        read() {
            if (!optional && text.trim() === '') throw new FieldError(idOf(name), `The field “${label}” must not be empty.`);
            return text;
        },
        /** @param {number} [least] @returns {string[]} those with something in them */
        lines(least = 1) {
            const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
            if (lines.length < least) throw new FieldError(idOf(name), `At least ${many(least, 'line is', 'lines are')} needed in the field “${label}”.`);
            return lines;
        },
    };
}

/** Writes the inputs of a request into the fields: a text or a list into the first one, members into those of their names.
 * @param {ReturnType<typeof textField>[]} fields @param {any} inputs */
export function fillFields(fields, inputs) {
    const isAlone = typeof inputs === 'string' || Array.isArray(inputs);
    for (const [i, field] of fields.entries()) {
        const given = !isAlone ? inputs?.[field.name] : i === 0 ? inputs : undefined;
        if (given !== undefined) field.write(given);
    }
}

/** @param {() => void} changed @param {string} name @param {string} label @param {[string, string][]} choices values and
 * their labels */
export function choiceField(changed, name, label, choices) {
    let [[value]] = choices;
    const onchange = (/** @type {Event} */ event) => {
        ({ value } = /** @type {HTMLSelectElement} */ (event.target));
        changed();
    };
    return {
        draw: () => labelled(name, label, h('select', { id: idOf(name), name, value, onchange },
            choices.map(([one, called]) => h('option', { value: one, key: one }, called)))),
        get value() { return value; },
    };
}

/** @param {() => void} changed @param {string} name @param {string} label @param {number} value
 * @param {{min?: number, max?: number, whole?: boolean}} [limits] */
export function figureField(changed, name, label, value, { min, max, whole = true } = {}) {
    let text = String(value);
    const oninput = (/** @type {Event} */ event) => {
        text = /** @type {HTMLInputElement} */ (event.target).value;
        changed();
    };
    return {
        draw: () => labelled(name, label, h('input', { id: idOf(name), name, type: 'number', step: whole ? '1' : 'any', min, max, value: text, oninput })),
        /** @returns {number} */
        read() {
            const number = text.trim() === '' ? NaN : Number(text);
            const isRight = Number.isFinite(number) && (!whole || Number.isInteger(number)) && !(number < (min ?? -Infinity)) && !(number > (max ?? Infinity));
            const limits = [min !== undefined && `from ${min}`, max !== undefined && `to ${max}`].filter(Boolean).join(' ');
            if (!isRight) throw new FieldError(idOf(name), `The field “${label}” takes a ${whole ? 'whole ' : ''}number${limits && ` ${limits}`}.`);
            return number;
        },
    };
}
