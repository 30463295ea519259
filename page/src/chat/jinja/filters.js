/** The filters of templates by their names: jinja2's, with tojson as transformers has it. */
import { bind } from './bind.js';
import { unsupported, wrong } from './errors.js';
import { LIST_FILTERS, SELECTORS } from './list_filters.js';
import { TEXT_FILTERS, format } from './text_filters.js';

/** @import { Filter, Runtime } from './list_filters.js' */
/** @import { Value } from './values.js' */

/** @type {Record<string, Filter>} */
const FILTERS = {
    ...LIST_FILTERS, ...TEXT_FILTERS,
    count: LIST_FILTERS.length, d: TEXT_FILTERS.default, e: TEXT_FILTERS.escape,
};
const OPEN = { ...SELECTORS, format };
/** jinja2's that are not here. */
const MISSING = ['filesizeformat', 'forceescape', 'groupby', 'pprint', 'random', 'striptags', 'urlencode', 'urlize', 'wordwrap', 'xmlattr'];

/** @param {string} name */
export const hasFilter = (name) => Object.hasOwn(FILTERS, name) || Object.hasOwn(OPEN, name) || MISSING.includes(name);

/** @param {string} name @param {Value} value @param {Value[]} args @param {Map<string, Value>} kwargs @param {Runtime} runtime @returns {Value} */
export function runFilter(name, value, args, kwargs, runtime) {
    if (Object.hasOwn(OPEN, name)) return OPEN[/** @type {keyof typeof OPEN} */ (name)](value, args, kwargs, runtime);
    if (!Object.hasOwn(FILTERS, name)) throw hasFilter(name) ? unsupported(`the filter ${name}`) : wrong(`there is no filter "${name.slice(0, 40)}"`);
    const [parameters, run] = FILTERS[name];
    const made = run(value, bind(name, parameters, args, kwargs), runtime);
    return typeof made === 'string' ? runtime.budget.text(made) : made;
}
