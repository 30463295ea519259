/** Errors as people read them: what, which field, what was expected, and the request's id. */
import { ApiError } from '../api.js';
import { h } from '../draw.js';
import { plain } from '../format.js';
import { facts } from '../parts.js';

/** @param {unknown} error @returns {import('../draw.js').Part} */
export function problem(error) {
    if (!(error instanceof ApiError)) return h('p', { class: 'problem' }, plain(error instanceof Error ? error.message : error));
    const text = plain(error.message);
    return h('div', { class: 'failure' },
        h('p', { class: 'problem' }, `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`),
        facts([['Field', error.field && h('code', null, plain(error.field))], ['Expected', plain(error.expected ?? '')], ['Allowed', plain(error.allowed ?? '')],
            ['Ask again', error.retryAfter ? `in ${plain(error.retryAfter)} s` : ''],
            ['Status', error.status ? `${error.status}${error.code ? ` ${plain(error.code)}` : ''}` : ''],
            ['Request', error.requestId && h('code', null, plain(error.requestId))]]));
}
