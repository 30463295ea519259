/** Makes elements. Text becomes text nodes only. */

/** @typedef {Record<string, string | boolean | ((event: Event) => void)>} Props attributes and, with the prefix "on", handlers */

/** @template {keyof HTMLElementTagNameMap} Tag @param {Tag} tag @param {Props} [props] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]} */
export function element(tag, props = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (typeof value === 'function') made.addEventListener(name.slice(2), value);
        else if (value === true) made.setAttribute(name, '');
        else if (value !== false) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
}

/** A section with its heading. @param {string} id @param {string} title @param {...(Node | string)} children */
export const section = (id, title, ...children) =>
    element('section', { id, 'aria-labelledby': `${id}-title` }, element('h2', { id: `${id}-title` }, title), ...children);

/** Copies what a field has in it. A browser may refuse that, as to a page from plain http: then the field is shown, for its person
 * to copy it from there. @param {HTMLInputElement | HTMLTextAreaElement} field @returns {Promise<boolean>} whether it is copied */
export async function copyFrom(field) {
    try {
        await navigator.clipboard.writeText(field.value);
        return true;
    } catch {
        field.hidden = false;
        field.select();
        return false;
    }
}

/** Sets a text, unless it is the same already: a screen reader would read it out once more. @param {Element} where @param {string} content */
export function say(where, content) {
    if (where.textContent !== content) where.textContent = content;
}
