/** An address that there is no view for. */
import { h } from '../draw.js';

/** @param {import('../main.js').App} app @param {string} name @returns {import('../main.js').View} */
export function unknownView(app, name) {
    return {
        title: 'No such view', kinds: [],
        render: () => ({ state: 'filled', parts: [
            h('p', null, `There is no view “`, h('bdi', null, name), '”. There are:'),
            h('ul', null, ['now', 'models', 'try', 'nodes', ...(app.watch.isAdmin ? ['logs'] : [])].map((one) => h('li', null, h('a', { href: `#/${one}` }, one)))),
        ] }),
    };
}
