/** A value of JSON as the source of the page has it. @param {any} value @returns {string} */
export const shown = (value) => (typeof value !== 'object' ? JSON.stringify(value).replaceAll('"', '\'')
    : Array.isArray(value) ? `[${value.map(shown).join(', ')}]`
        : `{ ${Object.entries(value).map(([name, one]) => `${name}: ${shown(one)}`).join(', ')} }`);
