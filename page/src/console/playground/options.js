/** The options of a task as fields: those of /v1/openapi.json, else the usual ones. */
import { h } from '../draw.js';
import { plain } from '../format.js';
import { FieldError } from './request.js';

/** @typedef {{type?: string, minimum?: number, maximum?: number, enum?: string[], description?: string}} Rule */

/** The rules if the daemon does not describe itself. @type {Record<string, Record<string, Rule>>} */
const USUAL = {
    chat: { max_tokens: { type: 'integer', minimum: 1 }, temperature: { type: 'number', minimum: 0, maximum: 2 }, top_p: { type: 'number', minimum: 0, maximum: 1 },
        top_k: { type: 'integer', minimum: 0 }, seed: { type: 'integer' }, stop: {} },
    top: { top: { type: 'integer', minimum: 1, maximum: 1000 } },
};
const WRITING = new Set(['chat', 'complete', 'text2text-generation', 'translation', 'summarization', 'image-to-text']);
/** In this order and before all others. */
const FIRST = ['max_tokens', 'temperature', 'seed', 'top_p', 'top_k', 'stop', 'top', 'threshold', 'language', 'timestamps', 'target_language', 'source_language'];

/** @param {any} openapi the description, or null @param {string} task @param {any} model @returns {Record<string, Rule>} */
export function rulesOf(openapi, task, model) {
    const row = openapi?.['x-tasks']?.[task];
    const told = (model?.format === 'gguf' && row?.gguf_options?.properties) || row?.options?.properties;
    if (told) return told;
    return WRITING.has(task) ? USUAL.chat : /classification|fill-mask|answering/.test(task) ? USUAL.top : {};
}

/** Fields for the options of one form, and what was put into them. */
export class Options {
    /** The texts in the fields. @type {Record<string, string>} */
    #given = {};

    /** @param {{openapi: () => any, task: string, model: any, redraw: () => void}} context @param {Record<string, string>} [given] */
    constructor(context, given = {}) {
        this.context = context;
        this.#given = { ...given };
    }

    get #rules() {
        const { openapi, task, model } = this.context, rules = rulesOf(openapi(), task, model);
        const at = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
        return Object.entries(rules).sort(([one], [other]) => at(one) - at(other));
    }

    /** @returns {import('../draw.js').Part} */
    draw() {
        const rules = this.#rules;
        if (rules.length === 0) return null;
        const usual = rules.filter(([name]) => FIRST.includes(name)), rare = rules.filter(([name]) => !FIRST.includes(name));
        return h('details', { class: 'options', key: 'options' }, h('summary', null, 'Options'), this.#fields(usual),
            rare.length ? h('details', { key: 'rare' }, h('summary', null, 'More options'), this.#fields(rare)) : null);
    }

    /** @param {[string, Rule][]} rules */
    #fields(rules) {
        return h('div', { class: 'fields' }, rules.map(([name, rule]) => h('p', { key: name }, h('label', { for: `option-${name}` }, name), this.#field(name, rule),
            rule.description ? h('small', { id: `about-${name}` }, plain(rule.description)) : null)));
    }

    /** @param {string} name @param {Rule} rule */
    #field(name, rule) {
        const props = { id: `option-${name}`, value: this.#given[name] ?? '', 'aria-describedby': rule.description ? `about-${name}` : undefined,
            oninput: (/** @type {Event} */ event) => { this.#given[name] = /** @type {HTMLInputElement} */ (event.target).value; this.context.redraw(); } };
        const choices = rule.enum ?? (rule.type === 'boolean' ? ['true', 'false'] : null);
        if (choices) return h('select', props, h('option', { value: '' }, 'as usual'), choices.map((one) => h('option', { value: one }, one)));
        if (rule.type === 'integer' || rule.type === 'number')
            return h('input', { ...props, type: 'number', step: rule.type === 'integer' ? '1' : 'any', min: rule.minimum, max: rule.maximum, placeholder: 'as usual' });
        return h('input', { ...props, type: 'text', placeholder: 'as usual', autocomplete: 'off' });
    }

    /** @returns {Record<string, any>} those that were given */
    read() {
        /** @type {Record<string, any>} */
        const options = {};
        for (const [name, rule] of this.#rules) {
            const text = this.#given[name] ?? '';
            if (text.trim() !== '') options[name] = valueOf(name, rule, text);
        }
        return options;
    }
}

/** @param {string} name @param {Rule} rule @param {string} text */
function valueOf(name, rule, text) {
    if (rule.type === 'boolean') return text === 'true';
    if (rule.type === 'integer' || rule.type === 'number') return number(name, rule, text);
    if (rule.type === 'array' || rule.type === 'object') return parsed(name, text);
    if (rule.type === undefined && /^\s*[[{"]/.test(text)) return parsed(name, text);
    return text;
}

/** @param {string} name @param {Rule} rule @param {string} text */
function number(name, { type, minimum = -Infinity, maximum = Infinity }, text) {
    const value = Number(text);
    if (!Number.isFinite(value) || (type === 'integer' && !Number.isInteger(value)) || value < minimum || value > maximum) {
        const range = [Number.isFinite(minimum) && `at least ${minimum}`, Number.isFinite(maximum) && `at most ${maximum}`].filter(Boolean).join(' and ');
        throw new FieldError(`option-${name}`, `${name} is ${type === 'integer' ? 'a whole number' : 'a number'}${range ? `, ${range}` : ''}.`);
    }
    return value;
}

/** @param {string} name @param {string} text */
function parsed(name, text) {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new FieldError(`option-${name}`, `${name} is no JSON: ${error instanceof Error ? error.message : error}.`);
    }
}
