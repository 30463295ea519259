/** An address that there is no view for. */
import { h } from '../draw.js';

/** @param {string} name @param {() => string[][]} views names and titles @returns {import('../main.js').View} */
export function unknownView(name, views) {
    return {
        title: 'No such view', kinds: [],
        render: () => ({ state: 'filled', parts: [
            h('p', null, `There is no view “`, h('bdi', null, name), '”. There are:'),
            h('ul', null, views().map(([one, title]) => h('li', null, h('a', { href: `#/${one}` }, title)))),
        ] }),
    };
}
