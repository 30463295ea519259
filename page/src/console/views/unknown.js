/** An address that there is no view for. */
import { h } from '../draw.js';

/** @param {string} name @returns {import('../main.js').View} */
export function unknownView(name) {
    const others = ['now', 'models', 'nodes', 'logs'];
    return {
        title: 'No such view', kinds: [],
        render: () => ({ state: 'filled', parts: [
            h('p', null, `There is no view “`, h('bdi', null, name), '”. There are:'),
            h('ul', null, others.map((one) => h('li', null, h('a', { href: `#/${one}` }, one)))),
        ] }),
    };
}
