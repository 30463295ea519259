/** The request that would be sent now, as commands to copy. */
import { serviceUrl } from '../address.js';
import { hasToken } from '../api.js';
import { h } from '../draw.js';
import { button, say } from '../parts.js';
import { commandsOf } from './code.js';

/** @import { Asked } from './code.js' */

/** @param {() => void} redraw @returns {(asked: () => Asked | null) => import('../draw.js').Part} draws it; what would be sent is asked for
 * only while it is open, and null where the input is not whole */
export function codeBlock(redraw) {
    let isOpen = false;
    const ontoggle = (/** @type {Event} */ event) => {
        isOpen = /** @type {HTMLDetailsElement} */ (event.target).open;
        redraw();
    };
    return (asked) => h('details', { class: 'code', key: 'code', ontoggle }, h('summary', null, 'This request as curl, Python and JavaScript'), isOpen ? commands(asked()) : null);
}

/** @param {Asked | null} asked */
function commands(asked) {
    if (!asked) return h('p', { class: 'none' }, 'The input is not complete yet.');
    return [commandsOf(asked, { url: serviceUrl(), token: hasToken() }).map(one),
        h('p', { class: 'note' }, tokenNote()),
        Object.keys(asked.files ?? {}).length ? h('p', { class: 'note' }, 'The files are read from the current folder.') : null];
}

/** @param {{name: string, text: string}} command */
function one({ name, text }) {
    return h('section', { key: name, 'aria-label': name }, h('p', { class: 'verbs' }, h('strong', null, name), copyButton(name, text, `code-${name}`)),
    h('pre', { tabindex: '0', 'aria-label': `The request in ${name}`, role: 'region' }, h('code', { id: `code-${name}` }, text)));
}

/** The source of the token in commands. @returns {string} */
export const tokenNote = () => (hasToken() ? 'The token is taken from the variable WEBINFER_TOKEN of your shell.' : 'No token is needed: this daemon asks for none.');

/** Commands, each with a button that copies it. @param {string[]} commands */
export const shellList = (commands) => h('ul', { class: 'shell' }, commands.map((text, i) =>
    h('li', { key: text }, h('code', { id: `shell-${i + 1}` }, text), copyButton(`command ${i + 1}`, text, `shell-${i + 1}`))));

/** @param {string} name for people @param {string} text @param {string} id of the element that shows it */
const copyButton = (name, text, id) => button('Copy', () => copy(name, text, id), { quiet: true, label: `Copy the ${name}` });

/** @param {string} name @param {string} text @param {string} id */
async function copy(name, text, id) {
    try {
        await navigator.clipboard.writeText(text);
        say(`The ${name} is copied.`);
    } catch {
        const code = document.getElementById(id);
        if (code) getSelection()?.selectAllChildren(code);
        say('The browser does not allow copying by a button here. The text is selected: press Ctrl+C.', true);
    }
}
